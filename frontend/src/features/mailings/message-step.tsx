import { Anchor, Box, Grid, Group, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { messageChoice, messageChoices } from "@/api/queries/mailing-choices";
import type { Audience, Message } from "@/api/types";
import { onlyOwn } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { Missing } from "@/features/messages/preview/missing";
import { usePreview } from "@/features/messages/preview/use-preview";
import { FailureAlert } from "@/ui/failure-alert";
import { mailPage } from "@/ui/mail-page";
import { useCounted } from "./audience-summary";
import { audienceOf, type MailingForm, namesAnybody } from "./form-values";
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
            <Preview key={message_id} id={Number(message_id)} audience={audienceOf(form.values)} />
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
  const me = useMe();
  const [typed, setTyped] = useState("");
  const { message_id } = form.values;
  const chosen = useQuery({ ...messageChoice(Number(message_id)), enabled: !!message_id }).data;
  // The field shows the name of what was chosen; that is no search.
  const [search] = useDebouncedValue(chosen?.name === typed ? "" : typed.trim(), 250);
  const found = useQuery({ ...messageChoices(search, onlyOwn(me, "messages.view_all")), enabled: !!me });

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

/** The message as the first of the audience gets it or, while there is nobody, an invented client. */
function Preview({ id, audience }: { id: number; audience: Audience }) {
  const message = useQuery(messageChoice(id));
  const counted = useCounted(audience);
  const { t } = useTranslation();
  if (message.isError) {
    return (
      <FailureAlert
        error={message.error}
        title={t("mailingForm.message.previewFailed")}
        retry={() => void message.refetch()}
        retrying={message.isFetching}
      />
    );
  }
  const chosen = namesAnybody(audience);
  if (message.isPending || (chosen && counted.isPending)) return <Loading />;
  const member = chosen ? counted.data?.sample[0] : undefined;
  const name = member?.full_name ? `${member.full_name} · ${member.email}` : member?.email;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
        {name ? t("mailingForm.message.as", { name }) : t("mailingForm.message.asInvented")}
      </Text>
      {/* Of its own for each: what another gets never stands under this one's name. */}
      <Mail
        key={member?.id ?? "invented"}
        message={message.data}
        as={member?.id}
        // They may have been deleted since they were counted.
        again={() => void counted.refetch()}
      />
    </Stack>
  );
}

const Loading = () => <Skeleton height={FRAME_HEIGHT + 40} />;

/** Nothing in it runs or leaves the frame. */
function Mail({ message, as, again }: { message: Message; as: number | undefined; again: () => void }) {
  const { t } = useTranslation();
  const preview = usePreview(message, as);
  if (preview.isPending) return <Loading />;
  if (preview.isError) {
    return (
      <FailureAlert
        error={preview.error}
        title={t("mailingForm.message.previewFailed")}
        retry={() => {
          void preview.refetch();
          if (as !== undefined) again();
        }}
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
      {missing.length > 0 && <Missing paths={missing} />}
    </Stack>
  );
}

function plain(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<pre style="white-space:pre-wrap;font:14px/1.5 system-ui,sans-serif;margin:8px">${escaped}</pre>`;
}
