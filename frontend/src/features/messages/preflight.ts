/** What is looked at before a message goes out. Pure: the same message, the same findings. */
import { attributeOf, isKnownPath, placeholdersOf } from "./placeholders";

/** What a person writes of a message. */
export interface Content {
  name: string;
  subject: string;
  html: string;
  text: string;
}

export type Part = "subject" | "html" | "text";

/** error: it cannot go out so. warning: readers will see something wrong. note: good to know. */
export type Level = "error" | "warning" | "note";

export interface Finding {
  check: Check;
  level: Level;
  part: Part;
  /** What of the source it is about, where one place can be named. */
  from?: number;
  to?: number;
  /** What it found, for its sentence. */
  what?: string;
}

export type Check =
  | "noSubject"
  | "longSubject"
  | "noBody"
  | "derivedText"
  | "footer"
  | "textFooter"
  | "noAlt"
  | "noPicture"
  | "noScheme"
  | "noAddress"
  | "localAddress"
  | "unknownPlaceholder"
  | "unknownAttribute"
  | "clipped"
  | "nearlyClipped";

/** Gmail cuts a mail off behind this many bytes of HTML, and with it the link to unsubscribe. */
export const CLIPPED_AT = 102 * 1024;
/** A phone shows some forty letters of a subject, a desktop some seventy. */
const LONG_SUBJECT = 70;

interface Known {
  /** The attributes that some clients have; undefined while that is not known. */
  attributes?: Record<string, unknown> | undefined;
  /** Bytes of HTML as one client gets it, where a preview was made. */
  size?: number | undefined;
}

export function preflight(content: Content, known: Known = {}): Finding[] {
  return [
    ...ofSubject(content.subject),
    ...ofBodies(content),
    ...(["subject", "html", "text"] as const).flatMap((part) =>
      ofPlaceholders(content[part], part, known.attributes),
    ),
    ...ofMarkup(content.html),
    ...ofSize(known.size ?? new TextEncoder().encode(content.html).length),
  ];
}

function ofSubject(subject: string): Finding[] {
  const length = [...subject.replace(/\{\{[\s\S]*?\}\}/g, "").trim()].length;
  if (subject.trim() === "") return [{ check: "noSubject", level: "error", part: "subject" }];
  return length > LONG_SUBJECT
    ? [{ check: "longSubject", level: "note", part: "subject", what: String(length) }]
    : [];
}

function ofBodies({ html, text }: Content): Finding[] {
  const [hasHtml, hasText] = [html.trim() !== "", text.trim() !== ""];
  if (!(hasHtml || hasText)) return [{ check: "noBody", level: "error", part: "html" }];
  const findings: Finding[] = [];
  if (!hasText) findings.push({ check: "derivedText", level: "note", part: "text" });
  const linked = (source: string) => placeholdersOf(source).some(({ path }) => path === "unsubscribe_url");
  // A part that is not written is made of the other one.
  if (hasHtml && !linked(html)) findings.push({ check: "footer", level: "note", part: "html" });
  if (hasText && !linked(text))
    findings.push({ check: hasHtml ? "textFooter" : "footer", level: "note", part: "text" });
  return findings;
}

function ofPlaceholders(source: string, part: Part, attributes: Known["attributes"]): Finding[] {
  const seen = new Set<string>();
  return placeholdersOf(source).flatMap(({ path, hasDefault, from, to }): Finding[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    if (!isKnownPath(path))
      return [{ check: "unknownPlaceholder", level: "error", part, from, to, what: path }];
    const name = attributeOf(path);
    if (name === undefined || hasDefault || !attributes || Object.hasOwn(attributes, name)) return [];
    return [{ check: "unknownAttribute", level: "warning", part, from, to, what: name }];
  });
}

const TAG = /<(img|a)\b((?:"[^"]*"|'[^']*'|\{\{[\s\S]*?\}\}|[^>"'])*)>/gi;

function ofMarkup(html: string): Finding[] {
  // Comments keep their length, so that places stay right.
  const source = html.replace(/<!--[\s\S]*?-->/g, (comment) => " ".repeat(comment.length));
  return [...source.matchAll(TAG)].flatMap((match): Finding[] => {
    const at = { part: "html" as const, from: match.index, to: match.index + match[0].length };
    const attributes = match[2] ?? "";
    if (match[1]?.toLowerCase() === "img") {
      const what = attribute(attributes, "src") ?? "";
      const findings: Finding[] = [];
      if (attribute(attributes, "alt") === undefined)
        findings.push({ check: "noAlt", level: "warning", ...at, what });
      if (!isShown(what)) findings.push({ check: "noPicture", level: "warning", ...at, what });
      return findings;
    }
    const address = attribute(attributes, "href");
    return address === undefined ? [] : ofAddress(address.trim()).map((finding) => ({ ...finding, ...at }));
  });
}

/** Whether a reader's program can get at a picture; what a placeholder begins is not known before. */
const isShown = (source: string) => /^\s*(https?:\/\/|cid:|data:|\{\{|\{%)/i.test(source);

function ofAddress(address: string): Pick<Finding, "check" | "level" | "what">[] {
  if (address === "" || address === "#") return [{ check: "noAddress", level: "warning" }];
  if (/^(\{\{|\{%|#|mailto:|tel:|sms:)/i.test(address)) return [];
  const host = /^https?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(address)?.[1];
  if (host === undefined) return [{ check: "noScheme", level: "warning", what: address }];
  return /^(localhost|.*\.localhost|127\.[\d.]+|0\.0\.0\.0|\[::1\])$/i.test(host)
    ? [{ check: "localAddress", level: "warning", what: address }]
    : [];
}

/** The value of an attribute; undefined when the tag has it not. */
function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(
    `(?:^|\\s)${name}(?:\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+)))?(?=\\s|/|$)`,
    "i",
  ).exec(attributes);
  return found ? (found[1] ?? found[2] ?? found[3] ?? "") : undefined;
}

function ofSize(bytes: number): Finding[] {
  const what = String(Math.ceil(bytes / 1024));
  if (bytes > CLIPPED_AT) return [{ check: "clipped", level: "warning", part: "html", what }];
  if (bytes > CLIPPED_AT * 0.9) return [{ check: "nearlyClipped", level: "note", part: "html", what }];
  return [];
}
