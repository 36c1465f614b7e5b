import { Code, Skeleton, Stack, Table, Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { capturedMail } from "@/api/queries/inbox";
import { FailureAlert } from "@/ui/failure-alert";
import { mailPage } from "@/ui/mail-page";
import { DateTime } from "@/ui/times";
import classes from "./mail-view.module.css";

type Part = "text" | "headers" | "source" | undefined;

interface Props {
  id: number;
  /** Undefined is the mail as its reader sees it. */
  part: Part;
  onPart: (part: Part) => void;
}

/** One captured mail: as its reader sees it, and as it would have travelled. */
export function MailView({ id, part, onPart }: Props) {
  const { t } = useTranslation();
  const { data, error, isPending, isFetching, refetch } = useQuery(capturedMail(id));
  if (isPending) {
    return (
      <div role="status" aria-label={t("inbox.loadingOne")}>
        {["70%", "50%", "60%"].map((width) => (
          <Skeleton key={width} height={16} width={width} my="md" />
        ))}
      </div>
    );
  }
  if (!data) return <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  const shown = part ?? (data.html ? "html" : "text");
  return (
    <Stack gap="md">
      <div>
        <Title order={3} size="h4" style={{ overflowWrap: "anywhere" }}>
          {data.subject || t("inbox.noSubject")}
        </Title>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {data.from} → {data.to}, <DateTime at={data.received_at} within />
        </Text>
      </div>
      <Tabs
        value={shown}
        onChange={(tab) => onPart(tab === "html" ? undefined : (tab as Part))}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {data.html && <Tabs.Tab value="html">{t("inbox.parts.html")}</Tabs.Tab>}
          <Tabs.Tab value="text">{t("inbox.parts.text")}</Tabs.Tab>
          <Tabs.Tab value="headers">{t("inbox.parts.headers")}</Tabs.Tab>
          <Tabs.Tab value="source">{t("inbox.parts.source")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="html">
          {/* Nothing in it runs, and it loads nothing from elsewhere. */}
          <iframe
            className={classes.frame}
            title={t("inbox.frame")}
            sandbox=""
            srcDoc={mailPage(data.html, "light")}
          />
        </Tabs.Panel>
        <Tabs.Panel value="text">
          <Text component="pre" className={classes.text}>
            {data.text || t("inbox.noText")}
          </Text>
        </Tabs.Panel>
        <Tabs.Panel value="headers">
          <Table variant="vertical" layout="fixed" style={{ overflowWrap: "anywhere" }}>
            <Table.Tbody>
              {data.headers.map(({ name, value }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat, and a mail never changes
                <Table.Tr key={index}>
                  <Table.Th w={150} fw={500}>
                    {name}
                  </Table.Th>
                  <Table.Td>{value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Tabs.Panel>
        <Tabs.Panel value="source">
          <Code block className={classes.source} tabIndex={0}>
            {data.source}
          </Code>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
