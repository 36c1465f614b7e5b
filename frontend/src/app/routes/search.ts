/**
 * What stands in an address's query, read as the pages want it: anything that does not fit is as if it were not
 * there. A validated search must name what it takes out as undefined: what it leaves away stays as it came.
 */

/** One of the words a page knows. */
export function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}

/** A text; the router reads one that looks like a number or a boolean as such. */
export function text(value: unknown): string | undefined {
  if (typeof value === "string") return value || undefined;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A day of the calendar: "2026-12-01". */
export function day(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
    ? value
    : undefined;
}

/** Whose rows: everyone's or one user's. */
export function ownerOf(value: unknown): "all" | number | undefined {
  return value === "all" ? "all" : id(value);
}

/** An id. */
export function id(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}
