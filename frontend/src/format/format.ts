/**
 * Dates and numbers as people read them, in one place. Instants come as RFC 3339 text and are shown in the
 * person's time zone; a screen with times says which zone that is.
 */
export interface Format {
  /** The zone all dates are shown in, an IANA name. */
  zone: string;
  number: (value: number) => string;
  /** What part of a whole, each with one decimal: "95.0%", "0.4%", "< 0.1%"; empty of nothing. */
  share: (part: number, whole: number) => string;
  /** "today, 09:00", "tomorrow, 09:00" or "1 Dec 2026, 09:00": as it stands within a sentence. */
  dateTime: (at: string) => string;
  /** "1 Dec 2026, 09:00:05": for what follows each other within a minute. */
  exactDateTime: (at: string) => string;
  /** "Tuesday, 1 December 2026 at 09:00 GMT+3": nothing is left open. */
  fullDateTime: (at: string) => string;
  date: (at: string) => string;
  /** "Tue, 1 Dec 2026, 09:00": for what is planned, where the day of the week tells whether it is right. */
  weekdayTime: (at: string) => string;
  /** "09:00". */
  time: (at: string) => string;
  /** "09:00:05": for what follows each other within a minute of a day that is known. */
  exactTime: (at: string) => string;
  /** "1 Dec", of a calendar day "2026-12-01" whatever the zone. */
  dayOfMonth: (day: string) => string;
  /** "5 minutes ago", "in 2 hours", "now". */
  relative: (at: string) => string;
  /** Seconds as people say them, in two units at most: "45 s", "3 min 20 s", "2 h 5 min". */
  duration: (seconds: number) => string;
  /** What is over within seconds: "120 ms", "2.4 s". */
  milliseconds: (milliseconds: number) => string;
}

/** The units of what is relative, and from how many seconds on each is used. */
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

const DAY = 24 * 60 * 60 * 1000;

/** The least share that is told, the one decimal of all of them. */
const LEAST = 0.001;

/** The zone of this browser; an account without a zone, or with one this browser does not know, is shown in it. */
export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

function knownZone(zone: string | undefined): string {
  if (!zone) return browserZone();
  try {
    Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return browserZone();
  }
}

/** now is a function because a page stays open over midnight. */
export function createFormat(
  language: string,
  wantedZone: string | undefined,
  now = () => Date.now(),
): Format {
  const zone = knownZone(wantedZone);
  // British English: the day first and 24 hours, as in every other country this is used in.
  const locale = language === "en" ? "en-GB" : language;
  const formatter = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });

  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const date = formatter({ day: "numeric", month: "short", year: "numeric" });
  const dayMonth = new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "short" });
  const time = formatter({ hour: "2-digit", minute: "2-digit" });
  const exactTime = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const weekdayTime = formatter({
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  const full = formatter({
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  const exact = formatter({
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const calendar = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const units = (["day", "hour", "minute", "second"] as const).map(
    (unit) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }),
  );

  const short = (["millisecond", "second"] as const).map(
    (unit) =>
      new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }),
  );

  /** Days since the epoch of the calendar day an instant falls on in the zone. */
  const dayNumber = (instant: number) => {
    const part = Object.fromEntries(
      calendar.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day ?? 1) / DAY;
  };

  return {
    zone,
    number: (value) => number.format(value),
    share: (part, whole) => {
      if (part <= 0 || whole <= 0) return "";
      const share = part / whole;
      // Rounded, some would look like none, and nearly all like all.
      if (share < LEAST) return `< ${percent.format(LEAST)}`;
      if (share < 1 && share > 1 - LEAST) return `> ${percent.format(1 - LEAST)}`;
      return percent.format(share);
    },
    time: (at) => time.format(new Date(at)),
    exactTime: (at) => exactTime.format(new Date(at)),
    dayOfMonth: (day) => dayMonth.format(new Date(`${day}T00:00:00Z`)),
    date: (at) => date.format(new Date(at)),
    weekdayTime: (at) => weekdayTime.format(new Date(at)),
    exactDateTime: (at) => exact.format(new Date(at)),
    fullDateTime: (at) => full.format(new Date(at)),
    dateTime: (at) => {
      const instant = new Date(at);
      const days = dayNumber(instant.getTime()) - dayNumber(now());
      const day = Math.abs(days) <= 1 ? relative.format(days, "day") : date.format(instant);
      return `${day}, ${time.format(instant)}`;
    },
    relative: (at) => {
      const seconds = (Date.parse(at) - now()) / 1000;
      const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      return relative.format(Math.trunc(seconds / size), unit);
    },
    milliseconds: (time) => (time < 1000 ? short[0]?.format(time) : short[1]?.format(time / 1000)) ?? "",
    duration: (seconds) => {
      const whole = Math.max(0, Math.round(seconds));
      const parts = [
        Math.floor(whole / 86_400),
        Math.floor(whole / 3600) % 24,
        Math.floor(whole / 60) % 60,
        whole % 60,
      ];
      const first = Math.max(
        0,
        parts.findIndex((part) => part > 0),
      );
      const at = whole === 0 ? parts.length - 1 : first;
      return parts
        .slice(at, at + 2)
        .map((part, offset) => (part > 0 || whole === 0 ? units[at + offset]?.format(part) : ""))
        .filter(Boolean)
        .join(" ");
    },
  };
}
