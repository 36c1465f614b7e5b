import { Button, Group, Stack, Text } from "@mantine/core";
import { IconMailCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { messageChoice } from "@/api/queries/mailing-choices";
import { audienceCount, testMailing } from "@/api/queries/mailings";
import { testMessage } from "@/api/queries/messages";
import type { Mailing } from "@/api/types";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { reachOf } from "./audience-summary";
import { audienceOf, type MailingForm, namesAnybody, timingOf } from "./form-values";
import { beforeStop, useScheduleWords } from "./schedule-words";
import { Step } from "./step";
import { TestDialog, useTestToMe } from "./test-dialog";
import { type AtOnce, useAtOnce } from "./use-at-once";
import type { Intent } from "./use-mailing-form";

interface Props {
  form: MailingForm;
  saved: Mailing | undefined;
  pending: boolean;
  failure: unknown;
  send: (intent: Intent) => void;
}

/** What will happen, in words; a test mail; and the start. */
export function CheckStep({ form, saved, pending, failure, send }: Props) {
  const { t } = useTranslation();
  const { when } = form.values;
  const scheduled = saved?.status === "scheduled";
  const atOnce = useAtOnce(form, saved);
  const now = when === "now" || atOnce.now;
  const start = now ? "now" : scheduled ? "save" : atOnce.first ? "first" : "schedule";
  const wrong = Object.keys(form.errors).length;
  return (
    <Step number={4} title={t("mailingForm.check.title")}>
      <Stack gap="md">
        <Summary form={form} atOnce={atOnce} />
        {wrong > 0 && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {t("mailingForm.check.wrong")}
          </Text>
        )}
        {failure !== null && <FailureAlert error={failure} title={t("mailingForm.check.failed")} />}
        <Group justify="space-between" gap="sm">
          <TestMail form={form} saved={saved} />
          <Group gap="sm">
            {!scheduled && (
              <Button variant="default" onClick={() => send("draft")} loading={pending}>
                {t("mailingForm.check.draft")}
              </Button>
            )}
            <Button onClick={() => send("go")} loading={pending}>
              {t(`mailingForm.check.${start}`)}
            </Button>
          </Group>
        </Group>
        {now && (
          <Text size="sm" c="dimmed" ta="right">
            {t("mailingForm.check.undoHint")}
          </Text>
        )}
      </Stack>
    </Step>
  );
}

function Summary({ form, atOnce }: { form: MailingForm; atOnce: AtOnce }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useScheduleWords();
  const { message_id, rate_per_minute, window } = form.values;
  const audience = audienceOf(form.values);
  const message = useQuery({ ...messageChoice(Number(message_id)), enabled: !!message_id }).data;
  const counted = useQuery({ ...audienceCount(audience), enabled: namesAnybody(audience) }).data;
  const missing = [
    !message_id && t("mailingForm.check.noMessage"),
    !namesAnybody(audience) && t("mailingForm.check.noAudience"),
  ].filter(Boolean);
  if (missing.length > 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("mailingForm.check.missing", { what: missing.join(", ") })}
      </Text>
    );
  }
  const mailed = counted ? reachOf(counted).mailed : 0;
  return (
    <Stack gap={4}>
      <Text>
        {counted
          ? t("mailingForm.check.summary", {
              message: message?.name ?? "",
              count: mailed,
              number: format.number(mailed),
              when: atOnce.now ? t("schedule.past") : beforeStop(words(timingOf(form.values))),
            })
          : t("mailingForm.audience.counting")}
      </Text>
      {atOnce.first && <Text fw={600}>{t("mailingForm.check.firstAtOnce")}</Text>}
      {window.on && (
        <Text size="sm" c="dimmed">
          {t("mailingForm.check.window", {
            from: window.from,
            to: window.to,
            days: window.weekdays.map((day) => t(`schedule.weekday.${day as 1}`)).join(", "),
          })}
        </Text>
      )}
      {Number(rate_per_minute) > 0 && (
        <Text size="sm" c="dimmed">
          {t("mailingForm.check.rate", {
            rate: format.number(Number(rate_per_minute)),
            time: format.duration((mailed / Number(rate_per_minute)) * 60),
          })}
        </Text>
      )}
    </Stack>
  );
}

/** One mail to oneself: of the mailing as it is saved, with its sender, else of the message alone. */
function TestMail({ form, saved }: { form: MailingForm; saved: Mailing | undefined }) {
  const { t } = useTranslation();
  const me = useMe();
  const messageId = Number(form.values.message_id);
  const test = useTestToMe(() =>
    saved && !form.isDirty() ? testMailing(saved.id) : testMessage(messageId, { to: me?.email ?? "" }),
  );
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconMailCheck size={18} aria-hidden />}
        disabled={!messageId}
        loading={test.test.isPending}
        onClick={test.start}
      >
        {t("mailingForm.check.test")}
      </Button>
      <TestDialog {...test} />
    </>
  );
}
