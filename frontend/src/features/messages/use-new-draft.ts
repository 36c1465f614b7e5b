import { useEffect, useState, useSyncExternalStore } from "react";
import type { Content } from "./preflight";
import { isSame } from "./use-draft";

const EMPTY: Content = { name: "", subject: "", html: "", text: "" };

/** What is being written now. It is not a state of the page: one that is drawn anew meanwhile would begin with what was there before. */
const open = new Map<string, Content>();
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function read(key: string): Content {
  const known = open.get(key);
  if (known) return known;
  const content = stored(key);
  open.set(key, content);
  return content;
}

function write(key: string, content: Content) {
  open.set(key, content);
  try {
    if (isSame(content, EMPTY)) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(content));
  } catch {
    // A full or forbidden storage keeps nothing; the page still has it.
  }
  for (const listener of listeners) listener();
}

/** What is being written of a message that is not saved yet: kept in this browser until it is, or is thrown away. */
export function useNewDraft(userId: number) {
  const key = `postrider.new-message.${userId}`;
  const content = useSyncExternalStore(subscribe, () => read(key));
  const [restored, setRestored] = useState(() => !isSame(content, EMPTY));
  // Who comes back later finds what another tab kept meanwhile.
  useEffect(
    () => () => {
      open.delete(key);
    },
    [key],
  );
  return {
    content,
    restored,
    change: (part: Partial<Content>) => write(key, { ...read(key), ...part }),
    forget: () => {
      write(key, EMPTY);
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
