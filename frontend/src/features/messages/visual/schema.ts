/** What the visual editor knows of HTML. Whatever it does not know opens as source; see canEdit in convert.ts. */
import {
  Extension,
  type Extensions,
  getSchema,
  InputRule,
  mergeAttributes,
  Node,
  PasteRule,
} from "@tiptap/core";
import Bold from "@tiptap/extension-bold";
import Image from "@tiptap/extension-image";
import Italic from "@tiptap/extension-italic";
import Link from "@tiptap/extension-link";
import Strike from "@tiptap/extension-strike";
import StarterKit from "@tiptap/starter-kit";
import { readPlaceholder, writePlaceholder } from "../placeholders";

/** A style as it was written: a browser has its own way to write what is given as style. */
export const WRITTEN_STYLE = "data-written-style";

const styleAttributes = (style: unknown) => (style ? { style, [WRITTEN_STYLE]: style } : {});

const keptStyle = {
  default: null,
  parseHTML: (element: HTMLElement) => attributeOf(element, "style"),
  renderHTML: ({ style }: Record<string, unknown>) => styleAttributes(style),
};

/** Attributes that stay as they came, on whatever the editor keeps. */
const Kept = Extension.create({
  name: "kept",
  addGlobalAttributes() {
    const kept = { default: null };
    return [
      {
        types: [
          "paragraph",
          "heading",
          "bulletList",
          "orderedList",
          "listItem",
          "blockquote",
          "horizontalRule",
        ],
        attributes: { style: keptStyle, align: kept, class: kept },
      },
      { types: ["image"], attributes: { style: keptStyle, border: kept, class: kept } },
      { types: ["link"], attributes: { style: keptStyle } },
    ];
  },
});

/** Two elements for one mark, as b and strong: the one that was there stays. */
function twin(...names: string[]) {
  return {
    addAttributes: () => ({
      element: {
        default: names[0],
        parseHTML: (element: HTMLElement) => element.localName,
        rendered: false,
      },
    }),
    parseHTML: () => names.map((tag) => ({ tag })),
  };
}

const elementOf = (mark: { attrs: Record<string, unknown> }) => mark.attrs.element as string;

const StrongOrB = Bold.extend({
  ...twin("strong", "b"),
  renderHTML: ({ mark }) => [elementOf(mark), 0],
});
const EmOrI = Italic.extend({ ...twin("em", "i"), renderHTML: ({ mark }) => [elementOf(mark), 0] });
const StrikeOrDel = Strike.extend({
  ...twin("s", "del", "strike"),
  renderHTML: ({ mark }) => [elementOf(mark), 0],
});

/** A placeholder: one piece, whose source comes out letter for letter. */
export const Chip = Node.create({
  name: "chip",
  group: "inline",
  inline: true,
  atom: true,
  addAttributes() {
    return {
      source: {
        default: writePlaceholder("client.full_name"),
        parseHTML: (element) => element.getAttribute("data-placeholder"),
        renderHTML: ({ source }) => ({ "data-placeholder": source as string }),
      },
    };
  },
  parseHTML: () => [{ tag: "span[data-placeholder]" }],
  renderHTML: ({ node, HTMLAttributes }) => ["span", HTMLAttributes, chipLabel(node.attrs.source as string)],
  renderText: ({ node }) => node.attrs.source as string,
  addInputRules() {
    return [
      new InputRule({
        find: /\{\{[^{}]+\}\}$/,
        handler: ({ range, match, chain }) => {
          chain()
            .insertContentAt(range, { type: "chip", attrs: { source: match[0] } })
            .run();
        },
      }),
    ];
  },
  addPasteRules() {
    return [
      new PasteRule({
        find: /\{\{[^{}]+\}\}/g,
        handler: ({ range, match, chain }) => {
          chain()
            .insertContentAt(range, { type: "chip", attrs: { source: match[0] } })
            .run();
        },
      }),
    ];
  },
});

/** What a chip says: the path, and what stands in for it. */
export function chipLabel(source: string): string {
  const { path, fallback } = readPlaceholder(source);
  if (!path) return source;
  return fallback ? `${path} · ${fallback}` : path;
}

export const BUTTON_STYLE =
  "display:inline-block;padding:12px 24px;border-radius:8px;background:#3b5bdb;color:#ffffff;font-weight:600;text-decoration:none";

function attributeOf(element: Element | null, name: string): string | null {
  const written = name === "style" ? element?.getAttribute(WRITTEN_STYLE) : null;
  return written ?? element?.getAttribute(name) ?? null;
}

function buttonOf(element: HTMLElement): HTMLAnchorElement | null {
  const only = element.children.length === 1 ? element.firstElementChild : null;
  const alone = [...element.childNodes].every((node) => node === only || !node.textContent?.trim());
  if (!(alone && only?.localName === "a")) return null;
  return /display\s*:\s*inline-block/.test(only.getAttribute("style") ?? "")
    ? (only as HTMLAnchorElement)
    : null;
}

/** A link that looks like a button, alone in its paragraph. */
export const ButtonLink = Node.create({
  name: "buttonLink",
  group: "block",
  content: "inline*",
  marks: "bold italic underline",
  defining: true,
  priority: 200,
  addAttributes() {
    const ofLink = (name: string) => ({
      default: null as string | null,
      parseHTML: (element: HTMLElement) => attributeOf(buttonOf(element), name),
      rendered: false,
    });
    const ofBox = (name: string) => ({
      default: null as string | null,
      parseHTML: (element: HTMLElement) => attributeOf(element, name),
      rendered: false,
    });
    return {
      href: ofLink("href"),
      target: ofLink("target"),
      look: { ...ofLink("style"), default: BUTTON_STYLE },
      boxStyle: ofBox("style"),
      align: ofBox("align"),
    };
  },
  parseHTML: () => [
    {
      tag: "p",
      priority: 60,
      getAttrs: (element) => (buttonOf(element) ? null : false),
      contentElement: (element) => buttonOf(element as HTMLElement) ?? (element as HTMLElement),
    },
  ],
  renderHTML: ({ node }) => {
    const { href, target, look, boxStyle, align } = node.attrs;
    return [
      "p",
      { ...styleAttributes(boxStyle), align },
      ["a", { href, target, ...styleAttributes(look) }, 0],
    ];
  },
});

/** Only what may stand in an address of a mail; a placeholder may bring the address. */
const isAddress = (url: string, fallback: (url: string) => boolean) =>
  /^\{\{/.test(url.trim()) || fallback(url);

export const extensions: Extensions = [
  StarterKit.configure({
    bold: false,
    italic: false,
    strike: false,
    code: false,
    codeBlock: false,
    link: false,
    trailingNode: false,
    heading: { levels: [1, 2, 3] },
  }),
  StrongOrB,
  EmOrI,
  StrikeOrDel,
  Link.extend({ inclusive: false }).configure({
    openOnClick: false,
    defaultProtocol: "https",
    HTMLAttributes: { target: null, rel: null, class: null },
    isAllowedUri: (url, { defaultValidate }) => isAddress(url, defaultValidate),
  }),
  Image.extend({
    renderHTML: ({ HTMLAttributes }) => ["img", mergeAttributes(HTMLAttributes)],
    addNodeView() {
      return ({ node }) => ({ dom: picture(node.attrs.src as string, node.attrs.alt as string | null) });
    },
  }).configure({ inline: true, allowBase64: true }),
  Chip,
  ButtonLink,
  Kept,
];

/** Pictures from elsewhere are not loaded while one writes: nothing is asked of other hosts. A box says which it is. */
function picture(src: string, alt: string | null): HTMLElement {
  if (src.startsWith("data:image/")) {
    const image = document.createElement("img");
    image.src = src;
    image.alt = alt ?? "";
    return image;
  }
  const box = document.createElement("span");
  box.dataset.picture = "";
  box.textContent = alt || src.replace(/^https?:\/\//, "");
  box.title = src;
  return box;
}

export const schema = getSchema(extensions);
