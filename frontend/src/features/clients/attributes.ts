/** A row of the attributes editor. Values are text while they are edited. */
export interface AttributeRow {
  /** Tells rows apart while they are edited; it is not sent. */
  key: number;
  name: string;
  kind: AttributeKind;
  value: string;
}

export const ATTRIBUTE_KINDS = ["text", "number", "yesno"] as const;
export type AttributeKind = (typeof ATTRIBUTE_KINDS)[number];

export type Attributes = Record<string, unknown>;

export function toRows(attributes: Attributes): AttributeRow[] {
  return Object.entries(attributes).map(([name, value], key) => ({
    key,
    name,
    kind: typeof value === "number" ? "number" : typeof value === "boolean" ? "yesno" : "text",
    value: String(value),
  }));
}

/** What is sent; rows without a name are left out. */
export function toAttributes(rows: AttributeRow[]): Attributes {
  return Object.fromEntries(
    rows
      .filter(({ name }) => name.trim())
      .map(({ name, kind, value }) => [
        name.trim(),
        kind === "number"
          ? Number(value.trim().replace(",", "."))
          : kind === "yesno"
            ? value === "true"
            : value,
      ]),
  );
}

/** The first thing wrong with the rows, as a key of the texts with the name concerned; null when they are right. */
export function wrongWith(rows: AttributeRow[]): { what: "twice" | "number" | "name"; name: string } | null {
  const seen = new Set<string>();
  for (const { name: raw, kind, value } of rows) {
    const name = raw.trim();
    if (!name && value.trim()) return { what: "name", name: value };
    if (!name) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return { what: "name", name };
    if (seen.has(name)) return { what: "twice", name };
    seen.add(name);
    const number = value.trim().replace(",", ".");
    if (kind === "number" && (number === "" || !Number.isFinite(Number(number))))
      return { what: "number", name };
  }
  return null;
}

/** In words, for one line. */
export function inWords(rows: AttributeRow[]): string {
  return rows.map(({ name, value }) => `${name}: ${value}`).join(", ");
}
