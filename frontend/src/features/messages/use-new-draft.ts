import { useRef, useState } from "react";
import { keptDraftKey } from "./kept-draft";
import type { Content } from "./preflight";
import { isSame } from "./use-draft";

const EMPTY: Content = { name: "", subject: "", html: "", text: "" };

/** What is being written of a message that is not saved yet: kept in this browser until it is, or is thrown away. */
export function useNewDraft(userId: number) {
  const key = keptDraftKey(userId);
  const [content, setContent] = useState(() => stored(key));
  const [restored, setRestored] = useState(() => !isSame(content, EMPTY));
  // Two fields can be written before the page is drawn again: the second must know of the first.
  const latest = useRef(content);
  const keep = (next: Content) => {
    latest.current = next;
    setContent(next);
    try {
      if (isSame(next, EMPTY)) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // A full or forbidden storage keeps nothing; the page still has it.
    }
  };
  return {
    content,
    begun: !isSame(content, EMPTY),
    restored,
    change: (part: Partial<Content>) => keep({ ...latest.current, ...part }),
    forget: () => {
      keep(EMPTY);
      setRestored(false);
    },
  };
}

function stored(key: string): Content {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (typeof kept !== "object" || kept === null) return EMPTY;
    const texts = Object.entries(kept).filter(([name, value]) => name in EMPTY && typeof value === "string");
    return { ...EMPTY, ...Object.fromEntries(texts) };
  } catch {
    return EMPTY;
  }
}
