import { shield, unshield } from "./shield";

const BLOCK =
  "p|h[1-6]|ul|ol|li|blockquote|hr|br|div|table|thead|tbody|tfoot|tr|td|th|center|section|article|header|footer|pre|dl|dt|dd";
const AROUND_BLOCKS = new RegExp(` ?(</?(?:${BLOCK})(?: [^>]*)?>) ?`, "g");
const TWICE = / ((?:<[^>]+>)+) /g;

/** Parses a piece of HTML where nothing runs and nothing is loaded. */
export function inert(html: string): HTMLElement {
  const page = document.implementation.createHTMLDocument("");
  page.body.innerHTML = html;
  return page.body;
}

/**
 * A piece of HTML in the one form that all sources share which a mail program shows alike: the order of attributes,
 * quotes, entities and the white space that HTML runs together do not count; everything else does, comments too.
 */
export function canonical(html: string): string {
  const marks: string[] = [];
  const written = [...inert(shield(html, marks)).childNodes].map(write).join("");
  let text = written.replace(/[ \t\n\r\f]+/g, " ").replace(AROUND_BLOCKS, "$1");
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(AROUND_BLOCKS, "$1").replace(TWICE, " $1");
  }
  return unshield(text.trim(), marks);
}

function write(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return escaped(node.nodeValue ?? "");
  if (node.nodeType === Node.COMMENT_NODE) return `<!--${escaped(node.nodeValue ?? "")}-->`;
  if (!(node.nodeType === Node.ELEMENT_NODE)) return "";
  const element = node as Element;
  const attributes = [...element.attributes]
    .map(({ name, value }) => ` ${name}="${escaped(name === "style" ? style(value) : value)}"`)
    .toSorted()
    .join("");
  const name = element.localName;
  return `<${name}${attributes}>${[...element.childNodes].map(write).join("")}</${name}>`;
}

const escaped = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\u00a0", "&nbsp;");

/** Declarations without the space around them; what has brackets or quotes is left as it is. */
function style(value: string): string {
  if (/["'()]/.test(value)) return value.trim();
  return value
    .split(";")
    .map((declaration) => declaration.replace(/\s*:\s*/, ":").trim())
    .filter(Boolean)
    .join(";");
}
