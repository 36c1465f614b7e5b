/**
 * Placeholders are no HTML: they may hold quotes and angle brackets, and must come out letter for letter. While a
 * source is read as HTML each is replaced by letters for private use, as the server does it.
 */
import { PLACEHOLDER } from "../placeholders";

const OPEN = "\uE000";
const CLOSE = "\uE001";
const SHIELD = new RegExp(`${OPEN}(\\d+)${CLOSE}`, "g");

export const isShielded = (text: string) => text.includes(OPEN) || text.includes(CLOSE);

/** Replaces the placeholders of a text, adding them to `marks`. */
export function shield(text: string, marks: string[]): string {
  return text.replace(PLACEHOLDER, (mark) => `${OPEN}${marks.push(mark) - 1}${CLOSE}`);
}

export function unshield(text: string, marks: readonly string[]): string {
  return text.replace(SHIELD, (_, index: string) => marks[Number(index)] ?? "");
}

/** A text cut at its shields: texts and, at odd places, the placeholders between them. */
export function cutAtShields(text: string, marks: readonly string[]): string[] {
  return text.split(SHIELD).map((part, index) => (index % 2 ? (marks[Number(part)] ?? "") : part));
}
