/** What a frame that shows a mail holds: the mail, where it can do nothing and ask nobody for anything. */

/** The frame inherits the page's policy besides. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const STYLE = `
  mark[data-missing] { background: #ffe066; color: #212529; border-radius: 3px; padding: 0 3px; font: 12px ui-monospace, monospace; }
  span[data-picture] { display: inline-flex; align-items: center; justify-content: center; box-sizing: border-box; max-width: 100%;
    min-width: 24px; min-height: 24px; padding: 4px 8px; border: 1px dashed #868e96; background: #f1f3f5; color: #495057;
    font: 12px sans-serif; overflow: hidden; overflow-wrap: anywhere; text-align: center; }`;

/** The mail as a page for a frame, in light or dark surroundings. */
export function mailPage(html: string, ground: "light" | "dark"): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const element of page.querySelectorAll("script, base, meta[http-equiv], iframe, object, embed, link"))
    element.remove();
  // A link of a frame that may open nothing leads nowhere; without a target it would lead the frame away.
  for (const link of page.querySelectorAll("a, area, form")) link.setAttribute("target", "_blank");
  for (const image of page.querySelectorAll("img"))
    if (!isInline(image)) image.replaceWith(pictureBox(image));
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = POLICY;
  const style = page.createElement("style");
  // A mail that says nothing of dark surroundings keeps its light page in them.
  const scheme = ground === "dark" && /color-scheme/i.test(html) ? "dark" : "light";
  style.textContent = `${STYLE}\n:root { color-scheme: ${scheme}; }`;
  page.head.prepend(policy, style);
  return `<!doctype html>${page.documentElement.outerHTML}`;
}

const isInline = (image: Element) => (image.getAttribute("src") ?? "").startsWith("data:image/");

/** Pictures from elsewhere are not asked for, as in most mail programs: a box of their size says what they show. */
function pictureBox(image: HTMLImageElement): HTMLElement {
  const box = image.ownerDocument.createElement("span");
  box.dataset.picture = "";
  box.textContent = image.alt || "▨";
  for (const side of ["width", "height"] as const) {
    const size = image.getAttribute(side);
    if (size && /^\d+%?$/.test(size)) box.style[side] = /%$/.test(size) ? size : `${size}px`;
  }
  return box;
}

/** Whether a mail shows pictures that the preview does not load. */
export const hasPictures = (html: string) => /<img\b[^>]*\bsrc\s*=\s*["']?(?!["']?data:)/i.test(html);
