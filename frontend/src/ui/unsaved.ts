import { useEffect } from "react";

const marks = new Set<object>();

/** Tells the rest of the interface whether something stands on the page that is saved nowhere. */
export function useUnsaved(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const mark = {};
    marks.add(mark);
    return () => void marks.delete(mark);
  }, [unsaved]);
}

/** Whether leaving this page now would lose what somebody wrote. */
export const isUnsaved = (): boolean => marks.size > 0;
