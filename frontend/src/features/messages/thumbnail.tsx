import classes from "./messages.module.css";

/** How much of a message is read for its sketch: enough for what fits on it. */
const READ = 6_000;
const WIDTH = 40;
const HEIGHT = 52;

interface Shape {
  kind: "title" | "line" | "picture" | "button" | "rule";
  width: number;
}

/** A message as a sketch of its first blocks: quick to draw for any number of rows, and nothing of it runs or loads. */
export function Thumbnail({ html, text }: { html: string; text: string }) {
  let y = 6;
  const shapes = (html.trim() ? shapesOf(html) : linesOf(text)).flatMap(({ kind, width }, index) => {
    const height = HEIGHTS[kind];
    const top = y;
    y += height + 3;
    if (top + height > HEIGHT - 4) return [];
    return (
      // The order is all that tells them apart.
      // biome-ignore lint/suspicious/noArrayIndexKey: see above.
      <rect key={index} className={classes[kind]} x={5} y={top} width={width * 30} height={height} rx={1} />
    );
  });
  return (
    <svg
      className={classes.sketch}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      aria-hidden
    >
      {shapes}
    </svg>
  );
}

const HEIGHTS = { title: 5, line: 2, picture: 12, button: 6, rule: 1 };

const TOKEN = /<(h[1-3]|img|hr)\b[^>]*>|<a\b[^>]*inline-block[^>]*>[^<]*|([^<>]+)/gi;

/** The first blocks of a source, roughly. */
export function shapesOf(html: string): Shape[] {
  const start = html.search(/<body\b/i);
  const source = html
    .slice(Math.max(0, start), Math.max(0, start) + READ)
    .replace(/<(style|script|title)\b[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->|\{%[\s\S]*?%\}/gi, "");
  const shapes: Shape[] = [];
  let title = false;
  for (const [token, tag, text] of source.matchAll(TOKEN)) {
    const name = tag?.toLowerCase();
    if (name === "img") shapes.push({ kind: "picture", width: 1 });
    else if (name === "hr") shapes.push({ kind: "rule", width: 1 });
    else if (name) title = true;
    else if (token.startsWith("<")) shapes.push({ kind: "button", width: 0.5 });
    else if (text?.trim() && title) {
      shapes.push({ kind: "title", width: share(text, 18) });
      title = false;
    } else if (text?.trim()) shapes.push(...linesOf(text));
    if (shapes.length > 12) break;
  }
  return shapes;
}

function linesOf(text: string): Shape[] {
  return text
    .slice(0, READ)
    .split("\n")
    .filter((line) => line.trim())
    .flatMap((line) => {
      const letters = line.trim().length;
      const full: Shape[] = Array.from({ length: Math.min(3, Math.floor(letters / 60)) }, () => ({
        kind: "line",
        width: 1,
      }));
      return [...full, { kind: "line" as const, width: share(" ".repeat(letters % 60), 60) }];
    })
    .slice(0, 12);
}

const share = (text: string, full: number) => Math.min(1, Math.max(0.2, text.length / full));
