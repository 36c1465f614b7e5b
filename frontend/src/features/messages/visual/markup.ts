/** What is read of a piece of HTML that another program wrote. */

const DECLARATIONS = new Map<string, RegExp>();

/** One declaration of an element's own style, as it was written: a parser would drop those that it does not know. */
export function declared(element: Element, name: string): string {
  let pattern = DECLARATIONS.get(name);
  if (!pattern) {
    pattern = new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([^;]*)`, "i");
    DECLARATIONS.set(name, pattern);
  }
  return (
    pattern
      .exec(element.getAttribute("style") ?? "")?.[1]
      ?.trim()
      .toLowerCase() ?? ""
  );
}

/** Puts what an element holds in its place. */
export function unwrap(element: Element) {
  element.replaceWith(...element.childNodes);
}

/** The same content in another element. */
export function rename(element: Element, name: string) {
  const renamed = element.ownerDocument.createElement(name);
  renamed.append(...element.childNodes);
  element.replaceWith(renamed);
}

/** Puts an element around all that another holds. */
export function wrapContent(element: Element, name: string) {
  const wrapper = element.ownerDocument.createElement(name);
  wrapper.append(...element.childNodes);
  element.append(wrapper);
}

export function textsIn(root: Element): Text[] {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts;
}
