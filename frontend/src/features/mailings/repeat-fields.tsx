import { Chip, Group, Input, NumberInput, SegmentedControl, Select, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { cronOf, type MailingForm, type MailingValues } from "./form-values";
import { AS_TYPED } from "./whole-number";

const EVERY = ["day", "week", "month", "cron"] as const;
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;

/** How it repeats, by day, week, month or a cron line, and when that ends. */
export function RepeatFields({ form }: { form: MailingForm }) {
  const { t } = useTranslation();
  const { repeat } = form.values;

  const choose = (every: MailingValues["repeat"]["every"]) => {
    const line = every === "cron" ? cronOf(form.values) : null;
    form.setFieldValue("repeat", { ...repeat, every, ...(line && { cron: line }) });
  };
  return (
    <Stack gap="md">
      <Input.Wrapper
        label={t("mailingForm.when.every")}
        error={form.errors.repeat ?? form.errors["repeat.every"]}
      >
        <div>
          <SegmentedControl
            aria-label={t("mailingForm.when.every")}
            value={repeat.every}
            onChange={(value) => choose(value as typeof repeat.every)}
            data={EVERY.map((value) => ({ value, label: t(`mailingForm.when.by.${value}`) }))}
          />
        </div>
      </Input.Wrapper>
      {repeat.every === "cron" ? (
        <TextInput
          label={t("mailingForm.when.cron")}
          description={t("mailingForm.when.cronHint")}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          spellCheck={false}
          autoComplete="off"
          maw={320}
          {...form.getInputProps("repeat.cron")}
        />
      ) : (
        <NumberInput
          label={t(`mailingForm.when.interval.${repeat.every}`)}
          min={1}
          max={366}
          {...AS_TYPED}
          maw={240}
          {...form.getInputProps("repeat.interval")}
        />
      )}
      {repeat.every === "week" && <Weekdays form={form} path="repeat.weekdays" />}
      {repeat.every === "month" && (
        <NumberInput
          label={t("mailingForm.when.monthDay")}
          {...(Number(repeat.month_day) > 28 && { description: t("mailingForm.when.monthDayHint") })}
          min={1}
          max={31}
          {...AS_TYPED}
          w={180}
          {...form.getInputProps("repeat.month_day")}
        />
      )}
      <Group gap="sm" align="flex-start">
        <Select
          label={t("mailingForm.when.ends")}
          allowDeselect={false}
          data={(["never", "until", "times"] as const).map((value) => ({
            value,
            label: t(`mailingForm.when.endsAs.${value}`),
          }))}
          w={180}
          {...form.getInputProps("repeat.ends")}
        />
        {repeat.ends === "until" && (
          <TextInput
            type="date"
            label={t("mailingForm.when.until")}
            {...form.getInputProps("repeat.until")}
          />
        )}
        {repeat.ends === "times" && (
          <NumberInput
            label={t("mailingForm.when.times")}
            min={1}
            max={100_000}
            {...AS_TYPED}
            w={140}
            {...form.getInputProps("repeat.times")}
          />
        )}
      </Group>
    </Stack>
  );
}

/** Days of the week as buttons that are on or off. */
export function Weekdays({ form, path }: { form: MailingForm; path: "repeat.weekdays" | "window.weekdays" }) {
  const { t } = useTranslation();
  const days = path === "repeat.weekdays" ? form.values.repeat.weekdays : form.values.window.weekdays;
  return (
    <Input.Wrapper label={t("mailingForm.when.days")} error={form.errors[path]} labelElement="div">
      <Chip.Group
        multiple
        value={days.map(String)}
        onChange={(values) => form.setFieldValue(path, values.map(Number).sort())}
      >
        <Group gap={6} mt={4} role="group" aria-label={t("mailingForm.when.days")}>
          {WEEKDAYS.map((day) => (
            <Chip key={day} value={String(day)} size="sm" variant="outline">
              {t(`schedule.weekday.${day}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </Input.Wrapper>
  );
}
