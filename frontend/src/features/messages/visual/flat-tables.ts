import { textsIn, unwrap, wrapContent } from "./markup";

/** What makes a table a layout: more than words that stand beside each other. */
const LAYOUT = "table, ul, ol, h1, h2, h3, h4, h5, h6, hr, blockquote, pre";
const SEPARATOR = " | ";

/**
 * Tables become what can be read without them: a row of words becomes a line with separators between its cells; what a
 * table only lays out follows itself, cell by cell. Returns how many there were.
 */
export function flattenTables(root: Element): number {
  const tables = [...root.querySelectorAll("table")];
  const layouts = new Set(tables.filter((table) => table.querySelector(LAYOUT)));
  // What lies inside comes first.
  for (const table of tables.reverse()) {
    const page = table.ownerDocument;
    const rows = [...table.rows].map((row) => [...row.cells]);
    const words = rows.map((cells) => cells.filter((cell) => !isEmpty(cell)));
    const isLayout = layouts.has(table) || words.every((cells) => cells.length < 2);
    const blocks: Element[] = [];
    const block = (...content: Node[]) => {
      const box = page.createElement("div");
      box.append(...content);
      blocks.push(box);
    };
    if (table.caption) block(...table.caption.childNodes);
    for (const [index, filled] of words.entries()) {
      if (isLayout) for (const cell of filled) block(...cell.childNodes);
      else if (filled.length > 0) block(...line(rows[index] ?? []));
    }
    table.replaceWith(...blocks);
  }
  return tables.length;
}

const isEmpty = (cell: Element) => cell.textContent?.trim() === "" && !cell.querySelector("img");

/** The cells of a row beside each other. An empty one keeps its place, but behind the last word. */
function line(cells: Element[]): Node[] {
  const shown = cells.slice(0, cells.findLastIndex((cell) => !isEmpty(cell)) + 1);
  return shown.flatMap((cell, index) => {
    for (const end of cell.querySelectorAll("br")) end.replaceWith(" ");
    for (const inner of cell.querySelectorAll("p, div, center, section, figure")) {
      inner.prepend(" ");
      unwrap(inner);
    }
    trim(cell);
    if (cell.localName === "th" && !cell.querySelector("b, strong")) wrapContent(cell, "b");
    const separator = index === 0 ? [] : [cell.ownerDocument.createTextNode(SEPARATOR)];
    return [...separator, ...cell.childNodes];
  });
}

function trim(cell: Element) {
  const texts = textsIn(cell);
  for (const text of texts) {
    text.data = text.data.trimStart();
    if (text.data) break;
  }
  for (const text of texts.reverse()) {
    text.data = text.data.trimEnd();
    if (text.data) break;
  }
}
