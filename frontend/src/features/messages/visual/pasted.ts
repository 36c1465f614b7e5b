import { inert } from "./canonical";
import { flattenTables } from "./flat-tables";
import { declared, rename, textsIn, unwrap, wrapContent } from "./markup";
import { WRITTEN_STYLE } from "./schema";
import { mendWordLists } from "./word-lists";

/** What the editor cannot hold, and what of a paste is therefore not as it was. */
export type Simplified = "tables" | "scripts" | "pictures" | "embeds" | "links" | "size";

/** Letters of HTML that are taken at once: five times what Gmail shows of a mail, and all that is edited with ease. */
const MOST = 512 * 1024;

interface Pasted {
  html: string;
  /** What a person should hear of. */
  simplified: Simplified[];
}

/** What says nothing to a reader: looks, programs, comments of reviewers. */
const SILENT =
  "style, script, noscript, template, title, meta, link, xml, [hidden], .MsoCommentReference, .MsoCommentText, .msocomanchor, .Apple-interchange-newline";
const EMBEDDED = "iframe, video, audio, object, embed, canvas, svg, input, select, textarea";

/**
 * What is taken of a piece of HTML that is pasted: all the editor can hold of it, as lists that Word writes as paragraphs.
 * The looks of other programs stay there; what was cut here keeps its own. Of what the editor cannot hold the text is
 * taken, and it is named.
 */
export function pasted(html: string): Pasted {
  const root = inert(html);
  const own = root.querySelector("[data-pm-slice]") !== null;
  const simplified: Simplified[] = [];
  const told = (what: Simplified, count: number) => count > 0 && simplified.push(what);
  clean(root);
  if (!own) {
    mendWordLists(root);
    marksFromStyles(root);
    blocks(root);
  }
  told("scripts", scripts(root));
  told("pictures", pictures(root, own));
  told("embeds", embedded(root));
  told("links", own ? 0 : links(root));
  told("tables", flattenTables(root));
  for (const element of root.querySelectorAll(`:not([${WRITTEN_STYLE}])`))
    for (const name of ["style", "class", "align"]) element.removeAttribute(name);
  const taken = root.innerHTML;
  return taken.length > MOST ? { html: "", simplified: ["size"] } : { html: taken, simplified };
}

function clean(root: Element) {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  const comments: Comment[] = [];
  while (walker.nextNode()) comments.push(walker.currentNode as Comment);
  for (const comment of comments) comment.remove();
  for (const element of root.querySelectorAll(SILENT)) element.remove();
  for (const element of root.querySelectorAll(
    '[style*="mso-element" i], [style*="none" i], [style*="mso-hide" i]',
  ))
    if (
      /^comment/.test(declared(element, "mso-element")) ||
      declared(element, "display") === "none" ||
      declared(element, "mso-hide") === "all"
    )
      element.remove();
  // Word's own elements, as <o:p>.
  for (const element of [...root.querySelectorAll("*")].filter(({ localName }) => localName.includes(":")))
    unwrap(element);
}

const BOLD = "b, strong, th, h1, h2, h3, h4, h5, h6";
const isBold = (weight: string) => /^(bold|bolder|[6-9]00)$/.test(weight);

/** Bold, italic, underlined and struck out text that is written as style, and elements whose style takes it back. */
function marksFromStyles(root: Element) {
  for (const element of root.querySelectorAll("b[style], strong[style]")) {
    const weight = declared(element, "font-weight");
    if (weight && !isBold(weight)) unwrap(element);
  }
  for (const element of root.querySelectorAll("i[style], em[style]"))
    if (declared(element, "font-style") === "normal") unwrap(element);
  for (const element of root.querySelectorAll("span[style], font[style], a[style]")) {
    if (isBold(declared(element, "font-weight")) && !element.closest(BOLD)) wrapContent(element, "b");
    if (/^(italic|oblique)/.test(declared(element, "font-style")) && !element.closest("i, em"))
      wrapContent(element, "i");
    const line = `${declared(element, "text-decoration")} ${declared(element, "text-decoration-line")}`;
    if (line.includes("underline") && !element.closest("u, a")) wrapContent(element, "u");
    if (line.includes("line-through") && !element.closest("s, del, strike")) wrapContent(element, "s");
    const raised = declared(element, "vertical-align");
    if (raised === "super" || raised === "sub") wrapContent(element, raised === "super" ? "sup" : "sub");
  }
}

/** Blocks that the editor holds under another name. */
function blocks(root: Element) {
  for (const title of root.querySelectorAll("p.MsoTitle")) rename(title, "h1");
  for (const heading of root.querySelectorAll("h4, h5, h6")) rename(heading, "h3");
  for (const inserted of root.querySelectorAll("ins")) rename(inserted, "u");
  for (const task of root.querySelectorAll('li[role="checkbox"]')) {
    task.querySelector("img")?.remove();
    (task.querySelector("p") ?? task).prepend(task.getAttribute("aria-checked") === "true" ? "☑ " : "☐ ");
  }
  for (const text of [...root.querySelectorAll("pre")].flatMap(textsIn)) {
    const page = text.ownerDocument;
    const rows = text.data.replaceAll("\t", "    ").replace(/ {2}/g, "\u00a0 ").split(/\r?\n/);
    text.replaceWith(...rows.flatMap((row, index) => (index ? [page.createElement("br"), row] : [row])));
  }
}

const PLAIN = "0123456789+-−=()ni";
const RAISED = { sup: [..."⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ"], sub: [..."₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₙᵢ"] };

/** Raised and lowered digits have letters of their own; all else comes down into the line. Returns how often that was. */
function scripts(root: Element): number {
  let lost = 0;
  for (const element of root.querySelectorAll("sup, sub")) {
    const letters = RAISED[element.localName as "sup" | "sub"];
    const content = element.textContent?.trim() ?? "";
    if (content && [...content].every((letter) => PLAIN.includes(letter)))
      for (const text of textsIn(element))
        text.data = [...text.data].map((letter) => letters[PLAIN.indexOf(letter)] ?? letter).join("");
    else if (content) lost++;
    unwrap(element);
  }
  return lost;
}

/** Pictures that a reader could not see: those in a file of this machine, as Word's, and those that lie in the text itself. */
function pictures(root: Element, own: boolean): number {
  const held = own ? /^\s*(https?:|cid:|data:|\{\{)/i : /^\s*(https?:|cid:|\{\{)/i;
  let lost = 0;
  for (const image of root.querySelectorAll("img")) {
    if (held.test(image.getAttribute("src") ?? "")) continue;
    const [words] = (image.getAttribute("alt") ?? "").trim().split(/\r?\n/);
    image.replaceWith(words ? `[${words}]` : "");
    lost++;
  }
  return lost;
}

function embedded(root: Element): number {
  let lost = 0;
  for (const element of root.querySelectorAll(EMBEDDED)) {
    if (element.getAttribute("aria-hidden") !== "true" && element.getAttribute("type") !== "hidden") lost++;
    element.remove();
  }
  return lost;
}

/** Links that lead nowhere from a mail; those within the text that was copied go without a word. */
function links(root: Element): number {
  let lost = 0;
  for (const link of root.querySelectorAll("a[href]")) {
    const address = link.getAttribute("href")?.trim() ?? "";
    if (/^(https?:|mailto:|tel:|sms:|\{\{)/i.test(address)) continue;
    if (!/^(#|$)/.test(address)) lost++;
    unwrap(link);
  }
  return lost;
}
