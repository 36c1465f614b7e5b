import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Mailing, Repeat } from "@/api/types";
import { createFormat } from "@/format/format";
import { sentence } from "@/format/sentence";
import { wallOf, zoneName } from "@/format/wall";

/** When a mailing starts, as far as words tell it. */
export interface Schedule {
  /** Null: as soon as it is started. */
  start_at: string | null;
  timezone: string;
  repeat: Repeat | null;
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Past it not every month has the day; the rule then means its last one. */
const LAST_SURE_DAY = 28;

/**
 * A schedule as people say it: "every 2 weeks on Mon and Fri at 09:00, Moscow, until 1 Mar 2027", and "once, tomorrow,
 * 09:00, Moscow".
 */
export function scheduleWords(
  t: TFunction,
  language: string,
  { start_at, timezone, repeat }: Schedule,
  now = () => Date.now(),
): string {
  const format = createFormat(language, timezone, now);
  const zone = zoneName(timezone, language);
  if (!repeat) {
    if (!start_at) return t("schedule.now");
    return t("schedule.once", { at: format.dateTime(start_at), zone });
  }
  const start = start_at ?? new Date(now()).toISOString();
  const time = wallOf(start, timezone).time;
  const rule = ruleWords(t, language, repeat, start, timezone);
  return [
    repeat.every === "cron" ? rule : t("schedule.atTime", { rule, time }),
    zone,
    start_at && Date.parse(start_at) > now() ? t("schedule.from", { date: format.date(start_at) }) : "",
    repeat.until ? t("schedule.until", { date: format.date(repeat.until) }) : "",
    repeat.times ? t("schedule.times", { count: repeat.times }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function ruleWords(t: TFunction, language: string, repeat: Repeat, start: string, timezone: string): string {
  const count = repeat.interval ?? 1;
  const often = (once: string, many: string) => (count === 1 ? once : many);
  switch (repeat.every) {
    case "day":
      return often(t("schedule.everyDay"), t("schedule.everyDays", { count }));
    case "week": {
      const days = repeat.weekdays?.length ? repeat.weekdays : [weekdayOf(start, timezone)];
      const weeks = often(t("schedule.everyWeek"), t("schedule.everyWeeks", { count }));
      return t("schedule.onDays", { weeks, days: weekdaysOn(t, language, days) });
    }
    case "month": {
      const day = repeat.month_day ?? Number(wallOf(start, timezone).date.slice(-2));
      const months = often(t("schedule.everyMonth"), t("schedule.everyMonths", { count }));
      return t(day > LAST_SURE_DAY ? "schedule.onDayOrLast" : "schedule.onDay", { months, day });
    }
    case "cron":
      return t("schedule.cron", { line: repeat.cron ?? "" });
  }
}

/** "Mon and Fri", "weekdays": in the form that follows "on". */
function weekdaysOn(t: TFunction, language: string, days: readonly number[]): string {
  const sorted = WEEKDAYS.filter((day) => days.includes(day));
  const is = (...wanted: number[]) => sorted.join() === wanted.join();
  if (is(1, 2, 3, 4, 5)) return t("schedule.workdays");
  const names = sorted.map((day) => t(`schedule.weekdayOn.${day}`));
  return new Intl.ListFormat(language === "en" ? "en-GB" : language).format(names);
}

/** The day of the week in a zone, 1 Monday … 7 Sunday. */
export function weekdayOf(at: string, zone: string): number {
  return new Date(`${wallOf(at, zone).date}T00:00:00Z`).getUTCDay() || 7;
}

/** Words for schedules in the language of the interface. */
export function useScheduleWords(): (schedule: Schedule) => string {
  const { t, i18n } = useTranslation();
  return (schedule) => scheduleWords(t, i18n.language, schedule);
}

/** The same for a mailing that is saved, as a sentence: of one that has started without a time, only that it is sent once. */
export function useMailingWhen(): (mailing: Mailing) => string {
  const { t } = useTranslation();
  const words = useScheduleWords();
  return (mailing) => {
    const unplanned = mailing.start_at === null && mailing.repeat === null && mailing.status !== "draft";
    return sentence(unplanned ? t("schedule.unplanned") : words(mailing));
  };
}

/** Words at the end of a sentence: its full stop is also that of an abbreviation ("1 дек. 2026 г."). */
export function beforeStop(words: string): string {
  return words.replace(/\.$/, "");
}
