let known: string[] | undefined;

/** The time zones that this browser knows, by IANA name, UTC first. */
export function zones(): string[] {
  known ??= ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  return known;
}
