/** The vocabulary of placeholders, and how a source is read for them. */

/** What a message can put in besides the client's attributes. `mayLack`: some clients have none, so a default is of use. */
export const PLACEHOLDERS = [
  { path: "client.full_name", group: "client", mayLack: true },
  { path: "client.email", group: "client", mayLack: false },
  { path: "client.locale", group: "client", mayLack: true },
  { path: "mailing.name", group: "mailing", mayLack: false },
  { path: "sender.name", group: "mailing", mayLack: false },
  { path: "sender.email", group: "mailing", mayLack: false },
  { path: "unsubscribe_url", group: "mailing", mayLack: false },
] as const;

const ATTRIBUTES = "client.attributes.";
const NAME = /^[A-Za-z_]\w*$/;

/** Where an attribute is found; names that Liquid cannot write after a dot stand in brackets. */
export function attributePath(name: string): string {
  return NAME.test(name) ? ATTRIBUTES + name : `client.attributes["${name.replaceAll('"', "")}"]`;
}

/** Writes a placeholder, with what to put in for those who lack the value. */
export function writePlaceholder(path: string, fallback = ""): string {
  if (!fallback) return `{{ ${path} }}`;
  const quote = fallback.includes('"') ? "'" : '"';
  const safe = fallback.replaceAll(quote, "’").replace(/[{}%]/g, "");
  return `{{ ${path} | default: ${quote}${safe}${quote} }}`;
}

/** Every placeholder of a source, from {{ to }}. */
export const PLACEHOLDER = /\{\{[\s\S]*?\}\}/g;

export interface Used {
  /** What it begins with: `client.full_name`; empty for a mere text or number. */
  path: string;
  hasDefault: boolean;
  /** Where it stands in the source. */
  from: number;
  to: number;
}

/** What stands between {{ and }}, read as the server reads it. */
export function readPlaceholder(mark: string): { path: string; fallback: string; hasDefault: boolean } {
  const inside = mark.replace(/^\{\{-?\s*|\s*-?\}\}$/g, "");
  const bracket = /^client\.attributes\[\s*(?:"([^"]*)"|'([^']*)')\s*\]/.exec(inside);
  const path = bracket
    ? ATTRIBUTES + (bracket[1] ?? bracket[2])
    : (/^[A-Za-z_][\w.-]*/.exec(inside)?.[0] ?? "");
  const fallback = /\|\s*default\s*:\s*(?:"([^"]*)"|'([^']*)')?/.exec(inside);
  return { path, fallback: fallback?.[1] ?? fallback?.[2] ?? "", hasDefault: fallback !== null };
}

/** The placeholders of a source in order; those that a tag of the source itself assigns are not among them. */
export function placeholdersOf(source: string): Used[] {
  const own = new Set(
    [...source.matchAll(/\{%-?\s*(?:assign|for)\s+([A-Za-z_]\w*)/g)].map((match) => match[1]),
  );
  return [...source.matchAll(PLACEHOLDER)].flatMap((match) => {
    const { path, hasDefault } = readPlaceholder(match[0]);
    const root = path.split(".")[0] ?? "";
    if (!path || own.has(root) || root === "forloop" || /^(true|false|nil)$/.test(path)) return [];
    return [{ path, hasDefault, from: match.index, to: match.index + match[0].length }];
  });
}

/** The attribute a path reads, if it reads one. */
export function attributeOf(path: string): string | undefined {
  return path.startsWith(ATTRIBUTES) ? path.slice(ATTRIBUTES.length) : undefined;
}

export function isKnownPath(path: string): boolean {
  return attributeOf(path) !== undefined || PLACEHOLDERS.some((known) => known.path === path);
}
