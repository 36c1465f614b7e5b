import { declared } from "./markup";

/** A paragraph that Word shows as an item of a list: which list, how deep, and what stands before it. */
interface Item {
  paragraph: Element;
  level: number;
  marker: string;
  /** What belongs to the item besides. */
  more: Element[];
}

/** Word writes no lists but paragraphs with a marker in each: they become the lists that they look like. */
export function mendWordLists(root: Element) {
  for (const run of runsOf(root)) build(run);
}

function runsOf(root: Element): Item[][] {
  const runs: Item[][] = [];
  let last: Element | null = null;
  for (const paragraph of root.querySelectorAll("p")) {
    const follows = last !== null && paragraph.previousElementSibling === last;
    const level = /\blevel(\d+)/.exec(declared(paragraph, "mso-list"))?.[1];
    if (level) {
      const item = { paragraph, level: Number(level), marker: takeMarker(paragraph), more: [] };
      if (follows) runs.at(-1)?.push(item);
      else runs.push([item]);
    } else if (follows && /^MsoList/.test(paragraph.className)) {
      runs.at(-1)?.at(-1)?.more.push(paragraph);
    } else continue;
    last = paragraph;
  }
  return runs;
}

function takeMarker(paragraph: Element): string {
  const marker = [...paragraph.querySelectorAll("span")].find(
    (span) => declared(span, "mso-list") === "ignore",
  );
  marker?.remove();
  return marker?.textContent?.replaceAll("\u00a0", " ").trim() ?? "";
}

/** What a marker counts: `3.`, `(b)`, `1.2`. A single letter alone is one of Word's bullets. */
function countOf(marker: string): string | null {
  if (/^\d+$/.test(marker)) return marker;
  const count = /^\(?(?:[\p{L}\p{N}]{1,6}\.)*([\p{L}\p{N}]{1,6})([.)]?)$/u.exec(marker);
  return count && (count[2] || marker.includes(".")) ? (count[1] ?? null) : null;
}

function listOf(count: string | null, page: Document): Element {
  if (count === null) return page.createElement("ul");
  const list = page.createElement("ol");
  const number = Number(count);
  if (number > 1) list.setAttribute("start", count);
  const letters = /^[a-z]$|^[ivx]+$/i.test(count) ? (/^i/i.test(count) ? "i" : "a") : null;
  if (letters) list.setAttribute("type", count === count.toUpperCase() ? letters.toUpperCase() : letters);
  return list;
}

function build(run: Item[]) {
  let open: { list: Element; level: number }[] = [];
  for (const { paragraph, level, marker, more } of run) {
    const page = paragraph.ownerDocument;
    const count = countOf(marker);
    const tag = count === null ? "ul" : "ol";
    open = open.filter((one) => one.level < level || (one.level === level && one.list.localName === tag));
    let top = open.at(-1);
    if (top?.level !== level) {
      const list = listOf(count, page);
      const parent = top?.list.lastElementChild;
      if (parent) parent.append(list);
      else paragraph.before(list);
      top = { list, level };
      open.push(top);
    }
    const item = page.createElement("li");
    // A word that counts in its own way ("Chapter 1:") would be lost with its marker.
    if (count === null && /[\p{L}\p{N}]{2}|\d/u.test(marker)) item.append(`${marker} `);
    item.append(...paragraph.childNodes, ...more);
    top.list.append(item);
    paragraph.remove();
  }
}
