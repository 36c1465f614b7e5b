import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { Reason } from "./visual/convert";

/** How long one must have stopped writing source, in milliseconds. */
const PAUSE = 300;

/** Whether the visual editor can take a source. What it wrote itself it can; all else is tried, once one stops typing. */
export function useVisual(html: string) {
  const own = useRef<string | null>(null);
  const [settled] = useDebouncedValue(html, PAUSE);
  const [tried, setTried] = useState<{ html: string; reason: Reason | null } | null>(null);

  useEffect(() => {
    if (settled === own.current) return;
    let left = false;
    void import("./visual/convert").then(({ canEdit }) => {
      if (!left) setTried({ html: settled, reason: canEdit(settled) });
    });
    return () => {
      left = true;
    };
  }, [settled]);

  const isOwn = html === own.current;
  return {
    /** Why it cannot; null when it can, or while it is not known yet. */
    reason: isOwn ? null : (tried?.reason ?? null),
    /** This very source can be shown. */
    ready: isOwn || (tried?.html === html && tried.reason === null),
    wrote: (source: string) => {
      own.current = source;
    },
  };
}
