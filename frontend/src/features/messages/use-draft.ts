import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { Failure } from "@/api/failure";
import { changeMessage, message, readMessage } from "@/api/queries/messages";
import type { Message } from "@/api/types";
import { isStale, type Versioned } from "@/api/versioned";
import type { Content } from "./preflight";

/** How long one must have stopped writing before it is saved, and until a passing failure is tried again. In milliseconds. */
const PAUSE = 1_200;
const AGAIN = 10_000;

export const contentOf = ({ name, subject, html, text }: Content): Content => ({ name, subject, html, text });

/** The server takes the space around name and subject away: that is no difference. */
export const isSame = (a: Content, b: Content) =>
  a.name.trim() === b.name.trim() &&
  a.subject.trim() === b.subject.trim() &&
  a.html === b.html &&
  a.text === b.text;

/**
 * What is being written of a message that exists. It saves itself after a pause, under the version it was read at:
 * what somebody else saved meanwhile is not undone but shown as `theirs`, and nothing is saved until one has chosen.
 */
export function useDraft(base: Versioned<Message>, mayChange: boolean) {
  const { id } = base.value;
  const queries = useQueryClient();
  const [content, setContent] = useState(() => contentOf(base.value));
  const [saved, setSaved] = useState<Message>(base.value);
  const [theirs, setTheirs] = useState<Versioned<Message> | null>(null);
  const [asking, setAsking] = useState(false);
  /** What the server has, as far as it is known here. */
  const landed = useRef(base);
  const latest = useRef(content);
  const overwriting = useRef(false);
  const dirty = !isSame(content, saved);

  const { mutateAsync, isPending, error, reset } = useMutation({
    // One after the other: each names the version that the one before made.
    scope: { id: `message-${id}` },
    mutationFn: async (onlyChanges: boolean) => {
      // The save before it may have brought all there is.
      if (onlyChanges && isSame(latest.current, landed.current.value)) return landed.current;
      try {
        return await changeMessage(id, latest.current, landed.current.etag);
      } catch (failure) {
        if (isStale(failure)) {
          setTheirs(await readMessage(id));
          setAsking(true);
        }
        throw failure;
      }
    },
    onSuccess: (answer) => {
      landed.current = answer;
      setSaved(answer.value);
      queries.setQueryData(message(id).queryKey, answer);
      void queries.invalidateQueries({ queryKey: ["messages", "list"] });
    },
  });

  /** Saves now. Rejects when that did not work; what is wrong stands in `failure` too. */
  const save = useCallback(() => mutateAsync(false), [mutateAsync]);

  /** Saves all there is, also what is written meanwhile. Rejects when it cannot, or when a choice is to be made first. */
  const saveAll = async () => {
    if (theirs) {
      setAsking(true);
      throw new Failure({ status: 412 });
    }
    do await mutateAsync(true);
    while (!isSame(latest.current, landed.current.value));
  };

  const change = (part: Partial<Content>) => {
    latest.current = { ...latest.current, ...part };
    setContent(latest.current);
    if (error && !isStale(error)) reset();
  };

  const waits = dirty && mayChange && !theirs && !isPending;
  const pause = !error ? PAUSE : error instanceof Failure && error.isPassing ? AGAIN : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each key pressed begins the pause anew.
  useEffect(() => {
    if (!waits || pause === null) return;
    const timer = setTimeout(() => void save().catch(() => {}), pause);
    return () => clearTimeout(timer);
  }, [waits, pause, save, content]);

  return {
    content,
    saved,
    dirty,
    saving: isPending,
    failure: isStale(error) ? null : error,
    change,
    save,
    saveAll,
    conflict: {
      theirs,
      /** Whether the choice stands on the screen; put off it is still to be made. */
      asking: theirs !== null && asking,
      ask: setAsking,
      takeTheirs: () => {
        if (!theirs) return;
        landed.current = theirs;
        latest.current = contentOf(theirs.value);
        setContent(latest.current);
        setSaved(theirs.value);
        setTheirs(null);
        reset();
      },
      /** Saves over it; whether that worked. The choice stands until it has. */
      overwrite: async (): Promise<boolean> => {
        if (!theirs || overwriting.current) return false;
        overwriting.current = true;
        landed.current = theirs;
        try {
          await save();
          setTheirs(null);
          return true;
        } catch (failure) {
          if (!isStale(failure)) setTheirs(null);
          return false;
        } finally {
          overwriting.current = false;
        }
      },
    },
  };
}
