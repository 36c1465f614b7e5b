import { Skeleton, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Mailing } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { StateBadge } from "@/ui/state-badge";

/** On a phone only name and status are columns; the next start stands below the name. */
export function MailingsTable({ mailings }: { mailings: Mailing[] }) {
  const { t } = useTranslation();
  return (
    <Table verticalSpacing="sm" highlightOnHover>
      <Head />
      <Table.Tbody>
        {mailings.map((mailing) => (
          <Table.Tr key={mailing.id}>
            <Table.Td>
              <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
                {mailing.name}
              </Text>
              {mailing.next_run_at && (
                <Text size="xs" c="dimmed" hiddenFrom="sm">
                  <NextStart at={mailing.next_run_at} />
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <StateBadge of="mailing" state={mailing.status} />
            </Table.Td>
            <Table.Td visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
              {mailing.next_run_at ? (
                <NextStart at={mailing.next_run_at} />
              ) : (
                <Text span size="sm" c="dimmed">
                  {t("mailings.noNext")}
                </Text>
              )}
            </Table.Td>
            <Table.Td visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
              <Created at={mailing.created_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Head() {
  const { t } = useTranslation();
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>{t("mailings.name")}</Table.Th>
        <Table.Th>{t("mailings.status")}</Table.Th>
        <Table.Th visibleFrom="sm">{t("mailings.next")}</Table.Th>
        <Table.Th visibleFrom="sm">{t("mailings.created")}</Table.Th>
      </Table.Tr>
    </Table.Thead>
  );
}

function NextStart({ at }: { at: string }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.fullDateTime(at)}>
      {format.dateTime(at)}
    </time>
  );
}

function Created({ at }: { at: string }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.fullDateTime(at)}>
      {format.date(at)}
    </time>
  );
}

/** The table's shape while its rows are on their way. */
export function MailingsSkeleton() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("mailings.loading")}>
      {["60%", "45%", "70%", "50%", "65%"].map((width) => (
        <Skeleton key={width} height={16} width={width} my={20} />
      ))}
    </div>
  );
}
