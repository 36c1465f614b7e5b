import type { Editor } from "@tiptap/core";
import { closeHistory } from "@tiptap/pm/history";
import type { Slice } from "@tiptap/pm/model";
import type { Transaction } from "@tiptap/pm/state";
import type { EditorProps, EditorView } from "@tiptap/pm/view";
import { useRef, useState } from "react";
import { pasted, type Simplified } from "./pasted";

interface Notice {
  simplified: Simplified[];
  /** Nothing was written since: an undo takes back the paste. */
  isLast: boolean;
}

const NOTHING: Notice = { simplified: [], isLast: false };

/** What is pasted or dropped into the editor, and what is to be said of it. */
export function usePaste() {
  const found = useRef<Simplified[]>([]);
  const [notice, setNotice] = useState(NOTHING);

  /** Whether nothing is left to put in: then what is selected stays. */
  const arrives = (view: EditorView, data: DataTransfer | null, slice: Slice): boolean => {
    const isEmpty = slice.content.textBetween(0, slice.content.size, "", " ").trim() === "";
    if (isEmpty && [...(data?.files ?? [])].some(({ type }) => type.startsWith("image/")))
      found.current = ["pictures"];
    const simplified = found.current;
    found.current = [];
    setNotice({ simplified, isLast: false });
    // An undo takes back the paste alone, not what was written a moment before it.
    view.dispatch(closeHistory(view.state.tr));
    return isEmpty && simplified.length > 0;
  };

  const editorProps: EditorProps = {
    transformPastedHTML: (html) => {
      const taken = pasted(html);
      found.current = taken.simplified;
      return taken.html;
    },
    handlePaste: (view, event, slice) => arrives(view, event.clipboardData, slice),
    handleDrop: (view, event, slice, moved) => !moved && arrives(view, event.dataTransfer, slice),
  };

  const updated = (editor: Editor, transaction: Transaction) => {
    const isPaste = /^(paste|drop)$/.test(transaction.getMeta("uiEvent") ?? "");
    if (isPaste) editor.view.dispatch(closeHistory(editor.state.tr));
    setNotice((before) => {
      if (isPaste) return { ...before, isLast: true };
      if (!before.isLast) return before;
      return transaction.getMeta("history$") ? NOTHING : { ...before, isLast: false };
    });
  };

  return { editorProps, updated, notice, close: () => setNotice(NOTHING) };
}
