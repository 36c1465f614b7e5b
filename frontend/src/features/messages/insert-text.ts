/** Puts a text where the cursor is, as if it were typed: the field's own undo knows it, and React hears of it. */
export function insertText(field: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  field.focus();
  // Deprecated, but nothing else keeps the undo of a field; browsers have no plan to drop it.
  if (typeof document.execCommand === "function" && document.execCommand("insertText", false, text)) return;
  const { selectionStart, selectionEnd } = field;
  field.setRangeText(text, selectionStart ?? field.value.length, selectionEnd ?? field.value.length, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Selects a part of a long text and brings it into sight. */
export function selectRange(field: HTMLTextAreaElement, from: number, to: number): void {
  field.focus();
  field.setSelectionRange(from, to);
  const before = field.value.slice(0, from).split("\n").length - 1;
  const all = field.value.split("\n").length;
  field.scrollTop = (before / all) * field.scrollHeight - field.clientHeight / 3;
}
