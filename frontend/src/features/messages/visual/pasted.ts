import { inert } from "./canonical";
import { WRITTEN_STYLE } from "./schema";

/**
 * What is taken of a piece of HTML that is pasted. The looks of other programs stay there; what was cut here keeps its
 * own. Pictures that lie in a file of this machine, as those of Word do, nobody else would see: they stay there too.
 */
export function pasted(html: string): string {
  const root = inert(html);
  for (const element of root.querySelectorAll(`:not([${WRITTEN_STYLE}])`))
    for (const name of ["style", "class", "align"]) element.removeAttribute(name);
  for (const image of root.querySelectorAll("img"))
    if (!/^\s*(https?:|cid:|data:|\{\{)/i.test(image.getAttribute("src") ?? "")) image.remove();
  return root.innerHTML;
}
