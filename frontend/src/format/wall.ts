/**
 * Wall time: what a clock and a calendar show in a zone, as people enter it, and the instants it stands for. Zones
 * are IANA names the browser knows.
 */
export interface Wall {
  /** "2026-12-01", empty when it is not given. */
  date: string;
  /** "09:00", empty when it is not given. */
  time: string;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string): Intl.DateTimeFormat {
  let found = clocks.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    clocks.set(zone, found);
  }
  return found;
}

function parts(at: number, zone: string): Record<string, string> {
  return Object.fromEntries(
    clock(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
}

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. */
function offset(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = parts(at, zone);
  const shown = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return shown - Math.floor(at / 1000) * 1000;
}

/** What the clocks of a zone show at an instant. */
export function wallOf(at: string | number, zone: string): Wall {
  const { year, month, day, hour, minute } = parts(typeof at === "number" ? at : Date.parse(at), zone);
  return { date: `${year}-${month}-${day}`, time: `${hour}:${minute}` };
}

/**
 * The instant of a wall time as RFC 3339 with the zone's offset, or null when it is not given whole. A time that the
 * clocks show twice is the first one; one that they skip is as long after the change as it was to be.
 */
export function instantOf({ date, time }: Wall, zone: string): string | null {
  // Date.parse alone makes an instant of "T:00Z" too.
  if (!/^\d{4}-\d\d-\d\d$/.test(date) || !/^\d\d:\d\d$/.test(time)) return null;
  const shown = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(shown)) return null;
  const before = offset(shown - DAY, zone);
  const after = offset(shown + DAY, zone);
  const valid = [before, after]
    .filter((ahead) => offset(shown - ahead, zone) === ahead)
    .sort((one, other) => other - one);
  return `${date}T${time}:00${sign(valid[0] ?? before)}`;
}

/** What is unusual about a wall time: the clocks skip it, or show it twice. */
export function clockNote(wall: Wall, zone: string): "gap" | "fold" | null {
  const instant = instantOf(wall, zone);
  if (!instant) return null;
  if (wallOf(instant, zone).time !== wall.time) return "gap";
  const at = Date.parse(instant);
  const back = offset(at, zone) - offset(at + DAY, zone);
  return back > 0 && wallOf(at + back, zone).time === wall.time ? "fold" : null;
}

function sign(ahead: number): string {
  const minutes = Math.round(Math.abs(ahead) / MINUTE);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${ahead < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * A zone as people call it, the whole year: "Moscow", "New York", in Russian "Москва". Where the browser has no Russian
 * name of its city it is called as the region is, else by its id.
 */
export function zoneName(zone: string, language: string): string {
  if (zone === "UTC") return zone;
  try {
    const city = named(zone, language, "shortGeneric").replace(/ Time$/, "");
    // "CET" is no name of the summer's time, which is CEST.
    if (ABBREVIATED.test(city)) return zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
    if (language === "en" || !LATIN.test(city)) return city;
    const region = named(zone, language, "longGeneric").replace(/, стандартное время$/, "");
    return LATIN.test(region) ? zone : region;
  } catch {
    return zone;
  }
}

const LATIN = /^[A-Za-z]/;
const ABBREVIATED = /^[A-Z]{3,}( |$)/;

function named(zone: string, language: string, timeZoneName: "shortGeneric" | "longGeneric"): string {
  const locale = language === "en" ? "en-GB" : language;
  return (
    new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName })
      .formatToParts(Date.now())
      .find(({ type }) => type === "timeZoneName")?.value ?? zone
  );
}
