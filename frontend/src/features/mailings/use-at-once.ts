import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { occurrences } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { type MailingForm, timingOf } from "./form-values";
import { AT_ONCE, NEXT_STARTS } from "./next-starts";

/** The longest a timer waits, in milliseconds; a later start is looked at again then. */
const LONGEST = 2 ** 31 - 1;

export interface AtOnce {
  /** The time that was chosen has passed: the mailing starts now, as if that had been chosen. */
  now: boolean;
  /** Of a repeating one an occurrence has come: the first run starts at once, the next ones when the rule says. */
  first: boolean;
}

/** Whether the times of the form have come, also while one looks at it. */
export function useAtOnce(form: MailingForm, saved: Mailing | undefined): AtOnce {
  const timing = timingOf(form.values);
  const past = useHasCome(timing.start_at) && isMoved(form, saved);
  const repeats = timing.repeat !== null;
  const next = useQuery({ ...occurrences(timing, NEXT_STARTS), enabled: past && repeats }).data?.[0];
  const first = past && repeats && !!next && Date.parse(next.planned_at) <= Date.now() + AT_ONCE;
  return { now: past && !repeats, first };
}

/** A start that has passed and that nobody moved has done its work. */
export function isMoved(form: MailingForm, saved: Mailing | undefined): boolean {
  return saved?.status !== "scheduled" || form.isDirty("start_at") || form.isDirty("when");
}

function useHasCome(at: string | null): boolean {
  const [, look] = useState(0);
  const left = at === null ? Number.POSITIVE_INFINITY : Date.parse(at) - Date.now();
  useEffect(() => {
    const wait = at === null ? 0 : Date.parse(at) - Date.now();
    if (wait <= 0) return;
    const timer = setTimeout(() => look((times) => times + 1), Math.min(wait, LONGEST));
    return () => clearTimeout(timer);
  }, [at]);
  return left <= 0;
}
