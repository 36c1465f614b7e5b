let known: string[] | undefined;

/** The time zones that this browser knows, by IANA name, UTC first. */
export function zones(): string[] {
  known ??= ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  return known;
}

const AREAS = ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/** The zone that is also called so, with or without its area: "Asia/Calcutta" for "Kolkata" where a browser has it so. */
export function zoneCalled(name: string): string | undefined {
  const id = name.trim().replaceAll(" ", "_");
  for (const timeZone of [id, ...AREAS.map((area) => `${area}/${id}`)]) {
    try {
      return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
    } catch {
      // There is none of that name.
    }
  }
}
