/**
 * Makes visible where a placeholder came out empty. Letters for private use go around each placeholder before the
 * server renders it; what comes back empty between them is marked, and the letters are taken out again.
 */
import { PLACEHOLDER, readPlaceholder } from "../placeholders";

const OPEN = "\uE010";
const MIDDLE = "\uE011";
const CLOSE = "\uE012";
const RENDERED = new RegExp(`${OPEN}([^${OPEN}${CLOSE}]*?)${MIDDLE}([^${CLOSE}]*)${CLOSE}`, "g");
const LEFT = new RegExp(`[${OPEN}${MIDDLE}${CLOSE}]`, "g");

function around(mark: string): string {
  const { path, hasDefault } = readPlaceholder(mark);
  return path && !hasDefault ? `${OPEN}${mark}${MIDDLE}${path}${CLOSE}` : mark;
}

/** A text or subject to render. */
export const markText = (source: string) => source.replace(PLACEHOLDER, around);

/** What has no text: nothing can be marked inside of it. */
const OPAQUE = /<!--[\s\S]*?(?:-->|$)|<(style|script|title)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;

/** HTML to render: what stands in tags, comments and style sheets is left alone. */
export function markHtml(source: string): string {
  const opaque = [...source.matchAll(OPAQUE)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  return source.replace(PLACEHOLDER, (mark, at: number) => {
    const inTag = source.lastIndexOf("<", at) > source.lastIndexOf(">", at);
    return inTag || opaque.some(([from, to]) => from <= at && at < to) ? mark : around(mark);
  });
}

/** Takes the letters out of what was rendered; `missing` writes what stands where nothing came. */
export function showMissing(rendered: string, missing: (path: string) => string): string {
  return rendered
    .replace(RENDERED, (_, value: string, path: string) => (value === "" ? missing(path) : value))
    .replace(LEFT, "");
}
