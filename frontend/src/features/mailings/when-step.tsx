import { Alert, Grid, Group, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Mailing } from "@/api/types";
import { sentence } from "@/format/sentence";
import { useFormat } from "@/format/use-format";
import { clockNote, wallOf } from "@/format/wall";
import { zones } from "@/format/zones";
import { findZones } from "@/ui/zone-filter";
import { type MailingForm, timingOf } from "./form-values";
import { MoreOptions } from "./more-options";
import { NextStarts } from "./next-starts";
import { RepeatFields } from "./repeat-fields";
import { useScheduleWords } from "./schedule-words";
import { Step } from "./step";
import { isMoved, useAtOnce } from "./use-at-once";

const FIELDS = ["start_at", "timezone", "repeat", "end_at", "run_minutes", "window", "from_", "reply_to"];
const MORE = ["transport_id", "rate_per_minute", "late_", "in_doubt_policy"];

/** When it starts, in words and as the next starts, and how it is sent. */
export function WhenStep({ form, saved }: { form: MailingForm; saved: Mailing | undefined }) {
  const { t } = useTranslation();
  const words = useScheduleWords();
  const { zone } = useFormat();
  const { when, start_at, timezone } = form.values;
  // Of a start now no zone is shown, so it has the person's own; another one that was chosen comes back with its field.
  const chosen = useRef(timezone);
  const choose = (next: typeof when) => {
    if (when !== "now") chosen.current = timezone;
    form.setValues({ when: next, timezone: next === "now" ? zone : chosen.current });
  };
  const timing = timingOf(form.values);
  const wrong = Object.keys(form.errors).some((path) =>
    [...FIELDS, ...MORE].some((field) => path.startsWith(field)),
  );
  const timed = when === "now" || !!timing.start_at;
  const atOnce = useAtOnce(form, saved);

  return (
    <Step number={3} title={t("mailingForm.when.title")} done={timed && !wrong} wrong={wrong}>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="md">
            <Radio.Group
              label={t("mailingForm.when.label")}
              value={when}
              onChange={(value) => choose(value as typeof when)}
            >
              <Group mt="xs" gap="lg">
                <Radio value="now" label={t("mailingForm.when.now")} />
                <Radio value="at" label={t("mailingForm.when.at")} />
                <Radio value="repeat" label={t("mailingForm.when.repeat")} />
              </Group>
            </Radio.Group>
            {when === "repeat" && <RepeatFields form={form} />}
            {when !== "now" && (
              <Group gap="sm" align="flex-start">
                <TextInput
                  type="date"
                  label={when === "repeat" ? t("mailingForm.when.firstDate") : t("mailingForm.when.date")}
                  data-path="start_at"
                  value={start_at.date}
                  onChange={(event) =>
                    form.setFieldValue("start_at", { ...start_at, date: event.currentTarget.value })
                  }
                  error={form.errors.start_at}
                />
                <TextInput
                  type="time"
                  label={t("mailingForm.when.time")}
                  value={start_at.time}
                  onChange={(event) =>
                    form.setFieldValue("start_at", { ...start_at, time: event.currentTarget.value })
                  }
                  error={!!form.errors.start_at}
                />
                <ZoneSelect form={form} />
              </Group>
            )}
            <ClockNote form={form} />
            {(atOnce.now || atOnce.first) && (
              <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} role="status">
                <Text size="sm">
                  {t(atOnce.now ? "mailingForm.when.past" : "mailingForm.check.firstAtOnce")}
                </Text>
              </Alert>
            )}
            <MoreOptions form={form} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="sm">
            <Text fw={600} role="status">
              {timed ? sentence(atOnce.now ? t("schedule.past") : words(timing)) : ""}
            </Text>
            {when !== "now" && timed && !atOnce.now && (
              <NextStarts timing={timing} ahead={!isMoved(form, saved)} />
            )}
          </Stack>
        </Grid.Col>
      </Grid>
    </Step>
  );
}

/** What becomes of a time that the clocks skip or show twice; of a rule's starts each says so itself. */
function ClockNote({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { when, start_at, timezone } = form.values;
  const instant = timingOf(form.values).start_at;
  const note = clockNote(start_at, timezone);
  if (!instant || !note || (when === "repeat" && note === "fold")) return null;
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} role="status">
      <Text size="sm">
        {t(note === "gap" ? "mailingForm.when.gapAt" : "mailingForm.when.fold", {
          time: wallOf(instant, timezone).time,
        })}
      </Text>
    </Alert>
  );
}

function ZoneSelect({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { timezone } = form.values;
  const known = useMemo(() => [...new Set([timezone, ...zones()])].sort(), [timezone]);
  return (
    <Select
      label={t("mailingForm.when.zone")}
      searchable
      limit={100}
      filter={findZones}
      nothingFoundMessage={t("profile.noZone")}
      data={known}
      allowDeselect={false}
      style={{ flex: "1 1 200px" }}
      {...form.getInputProps("timezone")}
    />
  );
}
