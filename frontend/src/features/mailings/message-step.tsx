import { Alert, Anchor, Box, Grid, Group, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { messageChoice, messageChoices, messagePreview } from "@/api/queries/mailing-choices";
import { FailureAlert } from "@/ui/failure-alert";
import { mailPage } from "@/ui/mail-page";
import type { MailingForm } from "./form-values";
import { newMessageLink } from "./links";
import { Step } from "./step";

/** What is sent: one of the messages, as small as it can be judged by, and the name the mailing goes by. */
export function MessageStep({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { name, message_id } = form.values;
  return (
    <Step
      number={1}
      title={t("mailingForm.message.title")}
      done={!!name.trim() && !!message_id}
      wrong={!!form.errors.name || !!form.errors.message_id}
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <MessageSelect form={form} />
            <Anchor size="sm" renderRoot={(props) => <Link {...props} {...newMessageLink} />}>
              {t("mailingForm.message.write")}
            </Anchor>
            <TextInput
              label={t("mailingForm.name")}
              description={t("mailingForm.nameHint")}
              withAsterisk
              maxLength={200}
              {...form.getInputProps("name")}
            />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          {message_id ? (
            <Preview id={Number(message_id)} />
          ) : (
            <Text size="sm" c="dimmed">
              {t("mailingForm.message.none")}
            </Text>
          )}
        </Grid.Col>
      </Grid>
    </Step>
  );
}

function MessageSelect({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const { message_id } = form.values;
  const chosen = useQuery({ ...messageChoice(Number(message_id)), enabled: !!message_id }).data;
  // The field shows the name of what was chosen; that is no search.
  const [search] = useDebouncedValue(chosen?.name === typed ? "" : typed.trim(), 250);
  const found = useQuery(messageChoices(search));

  const messages = [...(found.data ?? [])];
  if (chosen && !messages.some(({ id }) => id === chosen.id)) messages.unshift(chosen);
  const input = form.getInputProps("message_id");
  return (
    <Select
      label={t("mailingForm.message.label")}
      placeholder={t("mailingForm.message.placeholder")}
      withAsterisk
      searchable
      data={messages.map((message) => ({ value: String(message.id), label: message.name }))}
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      nothingFoundMessage={
        found.isPending
          ? t("mailingForm.searching")
          : found.isError
            ? t("mailingForm.searchFailed")
            : t(search ? "mailingForm.message.notFound" : "mailingForm.message.empty")
      }
      {...input}
      value={message_id || null}
      onChange={(value) => {
        input.onChange(value ?? "");
        const picked = messages.find(({ id }) => String(id) === value);
        if (picked && !form.values.name.trim()) form.setFieldValue("name", picked.name);
      }}
    />
  );
}

const FRAME_HEIGHT = 220;

/** The message as nobody in particular would get it; nothing in it runs or leaves the frame. */
function Preview({ id }: { id: number }) {
  const { t } = useTranslation();
  const preview = useQuery(messagePreview(id));
  if (preview.isPending) return <Skeleton height={FRAME_HEIGHT + 40} />;
  if (preview.isError) {
    return (
      <FailureAlert
        error={preview.error}
        title={t("mailingForm.message.previewFailed")}
        retry={() => void preview.refetch()}
        retrying={preview.isFetching}
      />
    );
  }
  const { subject, html, text, missing } = preview.data;
  return (
    <Stack gap="xs">
      <Group gap="xs" wrap="nowrap" align="baseline">
        <Text size="sm" c="dimmed">
          {t("mailingForm.message.subject")}
        </Text>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {subject}
        </Text>
      </Group>
      <Box
        component="iframe"
        title={t("mailingForm.message.preview")}
        sandbox=""
        srcDoc={mailPage(html || plain(text), "light")}
        w="100%"
        h={FRAME_HEIGHT}
        style={{
          border: "1px solid var(--mantine-color-default-border)",
          borderRadius: "var(--mantine-radius-md)",
          // Mails are written for white paper, whatever theme the reader of this page has.
          background: "#fff",
          colorScheme: "light",
        }}
      />
      {missing.length > 0 && (
        <Alert color="yellow" variant="light" p="xs" icon={<IconAlertTriangle aria-hidden />}>
          <Text size="sm">{t("mailingForm.message.missing", { names: missing.join(", ") })}</Text>
        </Alert>
      )}
    </Stack>
  );
}

function plain(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<pre style="white-space:pre-wrap;font:14px/1.5 system-ui,sans-serif;margin:8px">${escaped}</pre>`;
}
