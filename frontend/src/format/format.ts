/**
 * Dates and numbers as people read them, in one place. Instants come as RFC 3339 text and are shown in the
 * person's time zone; a screen with times says which zone that is.
 */
export interface Format {
  /** The zone all dates are shown in, an IANA name. */
  zone: string;
  number: (value: number) => string;
  /** "Today, 09:00", "Tomorrow, 09:00" or "1 Dec 2026, 09:00". */
  dateTime: (at: string) => string;
  /** "Tuesday, 1 December 2026 at 09:00 GMT+3": nothing is left open. */
  fullDateTime: (at: string) => string;
  date: (at: string) => string;
}

const DAY = 24 * 60 * 60 * 1000;

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
  const date = formatter({ day: "numeric", month: "short", year: "numeric" });
  const time = formatter({ hour: "2-digit", minute: "2-digit" });
  const full = formatter({
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  const calendar = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

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
    date: (at) => date.format(new Date(at)),
    fullDateTime: (at) => full.format(new Date(at)),
    dateTime: (at) => {
      const instant = new Date(at);
      const days = dayNumber(instant.getTime()) - dayNumber(now());
      const day = Math.abs(days) <= 1 ? capital(relative.format(days, "day")) : date.format(instant);
      return `${day}, ${time.format(instant)}`;
    },
  };
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
