import type { UseFormReturnType } from "@mantine/form";
import type { Timing } from "@/api/queries/mailings";
import type { Audience, Mailing, MailingChange, MailingInput, Repeat } from "@/api/types";
import { instantOf, type Wall, wallOf } from "@/format/wall";
import { weekdayOf } from "./schedule-words";

/** What the form of a mailing holds, under the names the API has for it, so that what it finds wrong finds its field. */
export type MailingValues = {
  name: string;
  message_id: string;
  audience: Audience;
  when: "now" | "at" | "repeat";
  start_at: Wall;
  timezone: string;
  repeat: {
    every: Repeat["every"];
    interval: number | string;
    weekdays: number[];
    month_day: number | string;
    cron: string;
    ends: "never" | "until" | "times";
    until: string;
    times: number | string;
  };
  end_at: Wall;
  run_minutes: number | string;
  window: { on: boolean; weekdays: number[]; from: string; to: string };
  from_name: string;
  from_email: string;
  reply_to: string;
  transport_id: string;
  rate_per_minute: number | string;
  late_policy: "send" | "skip";
  late_grace_minutes: number | string;
  in_doubt_policy: "hold" | "resend";
};

export type MailingForm = UseFormReturnType<MailingValues>;

const NO_TIME: Wall = { date: "", time: "" };
const DAY = 86_400_000;

const numberOr = <T>(value: number | string, otherwise: T) =>
  value === "" || Number.isNaN(Number(value)) ? otherwise : Number(value);

/** A new mailing: now, and when another time is chosen, tomorrow at nine. */
export function newValues(timezone: string): MailingValues {
  const tomorrow = { ...wallOf(Date.now() + DAY, timezone), time: "09:00" };
  return {
    name: "",
    message_id: "",
    audience: { all: false, client_ids: [], tags: [], exclude_tags: [], exclude_client_ids: [] },
    when: "now",
    start_at: tomorrow,
    timezone,
    repeat: {
      every: "week",
      interval: 1,
      weekdays: [weekdayOf(`${tomorrow.date}T12:00:00Z`, "UTC")],
      month_day: Number(tomorrow.date.slice(-2)),
      cron: "0 9 * * 1",
      ends: "never",
      until: "",
      times: 10,
    },
    end_at: NO_TIME,
    run_minutes: "",
    window: { on: false, weekdays: [1, 2, 3, 4, 5], from: "09:00", to: "18:00" },
    from_name: "",
    from_email: "",
    reply_to: "",
    transport_id: "",
    rate_per_minute: "",
    late_policy: "send",
    late_grace_minutes: 1440,
    in_doubt_policy: "hold",
  };
}

/** What is saved, as the form shows it. */
export function valuesOf(mailing: Mailing): MailingValues {
  const fresh = newValues(mailing.timezone);
  const rule = mailing.repeat;
  return {
    ...fresh,
    name: mailing.name,
    message_id: mailing.message_id ? String(mailing.message_id) : "",
    audience: mailing.audience,
    when: rule ? "repeat" : mailing.start_at ? "at" : "now",
    start_at: mailing.start_at ? wallOf(mailing.start_at, mailing.timezone) : fresh.start_at,
    repeat: rule
      ? {
          every: rule.every,
          interval: rule.interval ?? 1,
          weekdays: rule.weekdays ?? [],
          month_day: rule.month_day ?? "",
          cron: rule.cron ?? fresh.repeat.cron,
          ends: rule.until ? "until" : rule.times ? "times" : "never",
          until: rule.until ? wallOf(rule.until, mailing.timezone).date : "",
          times: rule.times ?? fresh.repeat.times,
        }
      : fresh.repeat,
    end_at: mailing.end_at ? wallOf(mailing.end_at, mailing.timezone) : NO_TIME,
    run_minutes: mailing.run_minutes ?? "",
    window: mailing.window ? { on: true, ...mailing.window } : fresh.window,
    from_name: mailing.from_name,
    from_email: mailing.from_email,
    reply_to: mailing.reply_to,
    transport_id: mailing.transport_id ? String(mailing.transport_id) : "",
    rate_per_minute: mailing.rate_per_minute ?? "",
    late_policy: mailing.late_policy,
    late_grace_minutes: mailing.late_grace_minutes,
    in_doubt_policy: mailing.in_doubt_policy,
  };
}

/** The audience as the API takes it: of all clients nobody needs to be named. */
export function audienceOf({ audience }: MailingValues): Audience {
  return audience.all ? { ...audience, tags: [], client_ids: [] } : audience;
}

export function namesAnybody({ all, tags, client_ids }: Audience): boolean {
  return all || tags.length > 0 || client_ids.length > 0;
}

function ruleOf({ repeat, timezone }: MailingValues): Repeat {
  const { every, ends } = repeat;
  return {
    every,
    interval: every === "cron" ? null : numberOr(repeat.interval, 0),
    ...(every === "week" && { weekdays: [...repeat.weekdays].sort() }),
    ...(every === "month" && { month_day: numberOr(repeat.month_day, null) }),
    ...(every === "cron" && { cron: repeat.cron.trim() }),
    // The last day counts whole.
    ...(ends === "until" && { until: instantOf({ date: repeat.until, time: "23:59" }, timezone) }),
    ...(ends === "times" && { times: numberOr(repeat.times, 0) }),
  };
}

/** When it would start. */
export function timingOf(values: MailingValues): Timing {
  const { on, ...window } = values.window;
  const once = values.when !== "repeat";
  return {
    start_at: values.when === "now" ? null : instantOf(values.start_at, values.timezone),
    timezone: values.timezone,
    repeat: once ? null : ruleOf(values),
    end_at: once ? instantOf(values.end_at, values.timezone) : null,
    run_minutes: once ? null : numberOr(values.run_minutes, null),
    window: on ? { ...window, weekdays: [...window.weekdays].sort() } : null,
  };
}

/** A start at a time that has come is a start now. */
export function asOfNow(values: MailingValues, now = Date.now()): MailingValues {
  const { start_at } = timingOf(values);
  const come = values.when === "at" && start_at !== null && Date.parse(start_at) <= now;
  return come ? { ...values, when: "now" } : values;
}

/** The whole of it as the API takes it. */
export function bodyOf(values: MailingValues): MailingInput {
  return {
    name: values.name.trim(),
    message_id: Number(values.message_id),
    audience: audienceOf(values),
    ...timingOf(values),
    from_name: values.from_name.trim(),
    from_email: values.from_email.trim(),
    reply_to: values.reply_to.trim(),
    transport_id: values.transport_id ? Number(values.transport_id) : null,
    rate_per_minute: numberOr(values.rate_per_minute, null),
    late_policy: values.late_policy,
    late_grace_minutes: numberOr(values.late_grace_minutes, 0),
    in_doubt_policy: values.in_doubt_policy,
  };
}

/**
 * What differs between two states of the form, as a PATCH takes it: what a person left alone is not sent, so that a
 * start with seconds, which the form does not show, stays what it is.
 */
export function differenceOf(before: MailingValues, after: MailingValues): MailingChange {
  const old = bodyOf(before);
  return Object.fromEntries(
    Object.entries(bodyOf(after)).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof MailingInput]),
    ),
  ) as MailingChange;
}

/** The cron line that says what the fields say, where one can. */
export function cronOf({ repeat, start_at }: MailingValues): string | null {
  const [hour, minute] = start_at.time.split(":").map(Number);
  if (hour === undefined || minute === undefined || Number(repeat.interval) !== 1) return null;
  switch (repeat.every) {
    case "day":
      return `${minute} ${hour} * * *`;
    case "week":
      return repeat.weekdays.length > 0
        ? `${minute} ${hour} * * ${repeat.weekdays
            .map((day) => day % 7)
            .sort()
            .join(",")}`
        : null;
    case "month":
      return Number(repeat.month_day) <= 28 ? `${minute} ${hour} ${repeat.month_day} * *` : null;
    default:
      return null;
  }
}

/** The fields that are not there while a kind of start is chosen. */
const HIDDEN: Record<MailingValues["when"], (keyof MailingValues)[]> = {
  now: ["start_at", "timezone", "repeat", "run_minutes"],
  at: ["repeat", "run_minutes"],
  repeat: ["end_at"],
};

/**
 * Takes away what was found wrong with a field, or anything below it, that the person has changed, and with what is no
 * longer shown: it would be said of what nobody can see.
 */
export function clearErrorsOf(form: MailingForm, before: MailingValues, after: MailingValues) {
  const gone = HIDDEN[after.when];
  for (const path of Object.keys(form.errors)) {
    const field = path.split(".")[0] as keyof MailingValues;
    const changed = JSON.stringify(before[field]) !== JSON.stringify(after[field]);
    if (changed || gone.includes(field)) form.clearFieldError(path);
  }
}
