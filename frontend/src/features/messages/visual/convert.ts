import { DOMParser, DOMSerializer, type Node as Document } from "@tiptap/pm/model";
import { canonical, inert } from "./canonical";
import { schema, WRITTEN_STYLE } from "./schema";
import { cutAtShields, isShielded, shield, unshield } from "./shield";

/** What stands around a message that is begun here. */
const HEAD =
  '<!doctype html>\n<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>\n' +
  '<body style="margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5">\n' +
  '<div style="max-width:600px;margin:0 auto">\n';
const TAIL = "\n</div>\n</body></html>\n";

/** A source: what is edited, and what stands before and after it and is never touched. */
interface Framed {
  head: string;
  body: string;
  tail: string;
}

/** Finds what the visual editor edits of a source: the content of its body, of the one box in it if there is one. */
export function frameOf(html: string): Framed {
  if (html.trim() === "") return { head: HEAD, body: "", tail: TAIL };
  const page = /^([\s\S]*?<body[^>]*>)([\s\S]*)(<\/body\s*>[\s\S]*)$/i.exec(html);
  const [head, body, tail] = page ? [page[1], page[2], page[3]] : ["", html, ""];
  const box = /^(\s*<div[^>]*>)((?:(?!<\/?div)[\s\S])*)(<\/div>\s*)$/i.exec(body ?? "");
  const [before, inner, after] = box ? [box[1], box[2], box[3]] : ["", body, ""];
  const blank = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner ?? "");
  return {
    head: `${head}${before}${blank?.[1]}`,
    body: blank?.[2] ?? "",
    tail: `${blank?.[3]}${after}${tail}`,
  };
}

/** Why a source cannot be edited visually: its tags of Liquid, its tables and boxes, or anything else that would be lost. */
export type Reason = "liquid" | "layout" | "other";

/** Whether the visual editor can take a source and give all of it back; decided by trying. */
export function canEdit(html: string): Reason | null {
  const { body } = frameOf(html);
  if (body.includes("{%")) return "liquid";
  if (/<(table|div|center|style)\b/i.test(body)) return "layout";
  if (isShielded(body) || /<(!doctype|html|head|body|meta|title|link|base)\b/i.test(body)) return "other";
  if (!isWhole(body)) return "other";
  return canonical(write(read(body))) === canonical(body) ? null : "other";
}

/** Elements without an end. */
const VOID = /^(br|hr|img)$/;

/** Whether a parser of HTML drops or adds no element: it mends what is broken in silence. */
function isWhole(body: string): boolean {
  const marks: string[] = [];
  const text = shield(body, marks);
  const names = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map((match) => (match[1] ?? "").toLowerCase());
  const opened = names(/<([a-z][^\s/>]*)/gi).toSorted();
  const found = [...inert(text).querySelectorAll("*")].map(({ localName }) => localName).toSorted();
  if (opened.join(" ") !== found.join(" ")) return false;
  const closed = names(/<\/([a-z][^\s/>]*)/gi).toSorted();
  return closed.join(" ") === opened.filter((name) => !VOID.test(name)).join(" ");
}

/** The document that the visual editor shows of a source that canEdit. */
export function toDocument(html: string): Document {
  return read(frameOf(html).body);
}

/** The source of a document, in the frame of the source it came from. A document without anything is an empty source. */
export function toHtml(document: Document, before: string): string {
  const { head, tail } = frameOf(before);
  const body = write(document);
  return body === "" && head.trimEnd() === HEAD.trimEnd() ? "" : `${head}${body}${tail}`;
}

function read(body: string): Document {
  const marks: string[] = [];
  const root = inert(shield(body, marks));
  for (const element of root.querySelectorAll("*"))
    for (const { name, value } of [...element.attributes]) element.setAttribute(name, unshield(value, marks));
  for (const text of textsOf(root)) {
    const parts = cutAtShields(text.data, marks);
    if (parts.length === 1) continue;
    text.replaceWith(
      ...parts.map((part, index) => {
        if (index % 2 === 0) return part;
        const chip = root.ownerDocument.createElement("span");
        chip.dataset.placeholder = part;
        return chip;
      }),
    );
  }
  return DOMParser.fromSchema(schema).parse(root);
}

function textsOf(root: HTMLElement): Text[] {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts;
}

function write(doc: Document): string {
  const only = doc.childCount === 1 ? doc.firstChild : null;
  if (only?.type.name === "paragraph" && only.childCount === 0 && !only.attrs.style) return "";
  const root = inert("");
  root.append(
    DOMSerializer.fromSchema(schema).serializeFragment(doc.content, { document: root.ownerDocument }),
  );
  for (const item of root.querySelectorAll("li")) tighten(item);
  for (const element of root.querySelectorAll(`[${WRITTEN_STYLE}]`)) {
    element.setAttribute("style", element.getAttribute(WRITTEN_STYLE) ?? "");
    element.removeAttribute(WRITTEN_STYLE);
  }

  const marks: string[] = [];
  for (const chip of root.querySelectorAll<HTMLElement>("span[data-placeholder]"))
    chip.replaceWith(shield(chip.dataset.placeholder ?? "", marks));
  for (const element of root.querySelectorAll("*"))
    for (const { name, value } of [...element.attributes]) element.setAttribute(name, shield(value, marks));
  return unshield([...root.children].map(lines).join("\n"), marks);
}

/** An item of one paragraph is written without it, as people write lists. */
function tighten(item: Element) {
  const [first, ...rest] = item.children;
  if (first?.localName !== "p" || first.attributes.length > 0) return;
  if (rest.every(({ localName }) => localName === "ul" || localName === "ol"))
    first.replaceWith(...first.childNodes);
}

/** A block a line, and those in lists and quotations too. */
function lines(element: Element): string {
  if (!/^(ul|ol|blockquote)$/.test(element.localName)) return element.outerHTML;
  const inner = [...element.children].map(lines).join("\n");
  const tag = (element.cloneNode(false) as Element).outerHTML;
  const end = `</${element.localName}>`;
  return `${tag.slice(0, -end.length)}\n${inner}\n${end}`;
}
