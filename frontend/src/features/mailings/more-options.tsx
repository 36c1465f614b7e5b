import {
  Button,
  Checkbox,
  Collapse,
  Group,
  NumberInput,
  Radio,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { transportChoices } from "@/api/queries/mailing-choices";
import { useMe } from "@/auth/use-session";
import type { MailingForm } from "./form-values";
import { Weekdays } from "./repeat-fields";
import { AS_TYPED, MOST_A_MINUTE } from "./whole-number";

const FIELDS = [
  "end_at",
  "run_minutes",
  "window",
  "from_",
  "reply_to",
  "transport_id",
  "rate_per_minute",
  "late_",
  "in_doubt_policy",
];

/** What most mailings leave as it is: their end, window, rate, sender and what becomes of the late and the doubtful. */
export function MoreOptions({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const [opened, more] = useDisclosure(false);
  // What is wrong must be seen.
  const wrong = Object.keys(form.errors).some((path) => FIELDS.some((field) => path.startsWith(field)));
  const shown = opened || wrong;
  const Arrow = shown ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        c="var(--mantine-color-text)"
        size="compact-sm"
        px={4}
        leftSection={<Arrow size={16} aria-hidden />}
        aria-expanded={shown}
        onClick={more.toggle}
      >
        {t("mailingForm.more.title")}
      </Button>
      <Collapse expanded={shown}>
        <Stack gap="md" mt="sm">
          <End form={form} />
          <SendingWindow form={form} />
          <NumberInput
            label={t("mailingForm.more.rate")}
            description={t("mailingForm.more.rateHint")}
            min={1}
            max={MOST_A_MINUTE}
            {...AS_TYPED}
            thousandSeparator=" "
            maw={320}
            {...form.getInputProps("rate_per_minute")}
          />
          <Sender form={form} />
          <Policies form={form} />
        </Stack>
      </Collapse>
    </div>
  );
}

/** The end of a mailing that happens once, or how long each run of a repeating one may take. */
function End({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { when, end_at } = form.values;
  if (when === "repeat") {
    return (
      <NumberInput
        label={t("mailingForm.more.runMinutes")}
        description={t("mailingForm.more.runMinutesHint")}
        min={1}
        {...AS_TYPED}
        maw={320}
        {...form.getInputProps("run_minutes")}
      />
    );
  }
  return (
    <Group gap="sm" align="flex-start">
      <TextInput
        type="date"
        label={t("mailingForm.more.endDate")}
        data-path="end_at"
        value={end_at.date}
        onChange={(event) => form.setFieldValue("end_at", { ...end_at, date: event.currentTarget.value })}
        error={form.errors.end_at}
      />
      <TextInput
        type="time"
        label={t("mailingForm.more.endTime")}
        value={end_at.time}
        onChange={(event) => form.setFieldValue("end_at", { ...end_at, time: event.currentTarget.value })}
        error={!!form.errors.end_at}
      />
    </Group>
  );
}

function SendingWindow({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { on } = form.values.window;
  return (
    <Stack gap="sm">
      <Checkbox
        label={t("mailingForm.more.window")}
        description={t("mailingForm.more.windowHint")}
        {...form.getInputProps("window.on", { type: "checkbox" })}
        error={form.errors.window}
      />
      {on && (
        <Stack gap="sm" pl={{ base: 0, sm: 32 }}>
          <Weekdays form={form} path="window.weekdays" />
          <Group gap="sm" align="flex-start">
            <TextInput
              type="time"
              label={t("mailingForm.more.from")}
              {...form.getInputProps("window.from")}
            />
            <TextInput type="time" label={t("mailingForm.more.to")} {...form.getInputProps("window.to")} />
          </Group>
        </Stack>
      )}
    </Stack>
  );
}

function Sender({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const me = useMe();
  const transports = useQuery(transportChoices()).data ?? [];
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
      <TextInput
        label={t("mailingForm.more.fromName")}
        placeholder={me?.full_name}
        {...form.getInputProps("from_name")}
      />
      <TextInput
        type="email"
        label={t("mailingForm.more.fromEmail")}
        placeholder={t("mailingForm.more.fromEmailDefault")}
        {...form.getInputProps("from_email")}
      />
      <TextInput
        type="email"
        label={t("mailingForm.more.replyTo")}
        placeholder={t("mailingForm.more.replyToDefault")}
        {...form.getInputProps("reply_to")}
      />
      <Select
        label={t("mailingForm.more.transport")}
        clearable
        clearButtonProps={{ "aria-label": t("mailingForm.clear") }}
        placeholder={t("mailingForm.more.anyTransport")}
        data={transports.map(({ id, name }) => ({ value: String(id), label: name }))}
        {...form.getInputProps("transport_id")}
        value={form.values.transport_id || null}
        onChange={(value) => form.setFieldValue("transport_id", value ?? "")}
      />
    </SimpleGrid>
  );
}

function Policies({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group
        label={t("mailingForm.more.late")}
        description={t("mailingForm.more.lateHint")}
        {...form.getInputProps("late_policy")}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="send" label={t("mailingForm.more.lateAs.send")} />
          <Radio value="skip" label={t("mailingForm.more.lateAs.skip")} />
        </Stack>
      </Radio.Group>
      {form.values.late_policy === "send" && (
        <NumberInput
          label={t("mailingForm.more.grace")}
          description={t("mailingForm.more.graceHint")}
          min={0}
          max={525_600}
          {...AS_TYPED}
          maw={320}
          {...form.getInputProps("late_grace_minutes")}
        />
      )}
      <Radio.Group
        label={t("mailingForm.more.inDoubt")}
        description={t("mailingForm.more.inDoubtHint")}
        {...form.getInputProps("in_doubt_policy")}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="hold" label={t("mailingForm.more.inDoubtAs.hold")} />
          <Radio value="resend" label={t("mailingForm.more.inDoubtAs.resend")} />
        </Stack>
      </Radio.Group>
    </>
  );
}
