import type { UseFormReturnType } from "@mantine/form";
import { useRef, useState } from "react";
import type { Failure } from "@/api/failure";
import { isStale, type Versioned } from "@/api/versioned";
import type { FieldChange } from "./edit-conflict";
import { useFormSubmit } from "./form-submit";

interface Options<T, Values extends Record<string, unknown>> {
  form: UseFormReturnType<Values>;
  /** What the form was filled from; undefined for something new. */
  base: Versioned<T> | undefined;
  toValues: (value: T) => Values;
  /** Creates (without an etag) or changes. */
  save: (values: Values, etag: string | undefined) => Promise<Versioned<T>>;
  /** Reads what the server has now, past every cache. */
  reread: () => Promise<Versioned<T>>;
  onSaved: (saved: Versioned<T>) => void;
  /** The fields in words, for telling what somebody else changed. */
  describe: { [Name in keyof Values & string]: { label: string; words: (value: Values[Name]) => string } };
  /** See useFormSubmit. */
  place?: (failure: Failure) => Partial<Record<keyof Values & string, string>>;
}

/**
 * A form that changes one resource of the API without undoing what somebody else changed meanwhile. A save that
 * the server refuses as stale opens `conflict` (for EditConflict); what was typed stays in the form.
 */
export function useEdit<T, Values extends Record<string, unknown>>(options: Options<T, Values>) {
  const { form, toValues, save, reread, onSaved, describe, place } = options;
  // What was opened stays what is compared with, though every reading renews the cache it came from.
  const opened = useRef(options.base);
  const etag = useRef(options.base?.etag);
  const [theirs, setTheirs] = useState<Versioned<T> | null>(null);

  const send = async (values: Values) => {
    try {
      onSaved(await save(values, etag.current));
    } catch (error) {
      if (!isStale(error)) throw error;
      setTheirs(await reread());
    }
  };
  const submit = useFormSubmit(form, send, place);

  const differing = (): FieldChange[] => {
    if (!theirs || !opened.current) return [];
    const before = toValues(opened.current.value);
    const now = toValues(theirs.value);
    const mine = form.getValues();
    return (Object.keys(describe) as (keyof Values & string)[])
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
      .map((name) => {
        const { label, words } = describe[name];
        return { label, theirs: words(now[name]), mine: words(mine[name]) };
      });
  };

  return {
    ...submit,
    conflict: {
      opened: theirs !== null,
      changes: differing(),
      onClose: () => setTheirs(null),
      onReload: () => {
        if (!theirs) return;
        form.setInitialValues(toValues(theirs.value));
        form.setValues(toValues(theirs.value));
        form.resetDirty();
        opened.current = theirs;
        etag.current = theirs.etag;
        setTheirs(null);
      },
      onOverwrite: () => {
        if (!theirs) return;
        etag.current = theirs.etag;
        setTheirs(null);
        submit.onSubmit();
      },
    },
  };
}
