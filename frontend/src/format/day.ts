/**
 * The instant a calendar day ("2026-12-01") begins in a zone, as RFC 3339; plus so many days. Where the clocks jump over
 * midnight it is the first instant after the gap.
 */
export function startOfDay(day: string, zone: string, plus = 0): string {
  const midnight = Date.parse(`${day}T00:00:00Z`) + plus * 86_400_000;
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  /** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. */
  const ahead = (at: number) => {
    const part = Object.fromEntries(
      clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
    ) as Record<"year" | "month" | "day" | "hour" | "minute" | "second", number>;
    return (
      Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) -
      Math.floor(at / 1000) * 1000
    );
  };
  // The offset before and after: twice is enough, as the first guess is off by one change of clocks at most.
  const guess = midnight - ahead(midnight);
  return new Date(midnight - ahead(guess)).toISOString();
}
