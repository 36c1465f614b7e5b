import type { ClientFilter } from "@/api/queries/clients";
import { changeClients } from "@/api/queries/clients";
import type { BulkChange } from "@/api/types";
import type { Selected } from "@/ui/data-table/selection";

/** What is done to each of the selected clients. */
export type Change = Pick<BulkChange, "add_tags" | "remove_tags" | "delete">;

export interface BulkProgress {
  done: number;
  changed: number;
  /** Clients that would have had too many tags. */
  refused: number;
}

/** Clients named in one request; the server takes no more. */
const STEP = 500;

/**
 * Changes the selected clients step by step and tells after each how far it is. Rejects with a Failure when a step
 * fails, and stops quietly between two steps when it is aborted; what was done stays done, and doing it again harms
 * nothing.
 */
export async function changeSelected(
  selected: Selected,
  filter: ClientFilter,
  change: Change,
  onProgress: (progress: BulkProgress) => void,
  signal: AbortSignal,
): Promise<BulkProgress> {
  let sum: BulkProgress = { done: 0, changed: 0, refused: 0 };
  const step = async (part: Pick<BulkChange, "ids" | "filter" | "except_ids" | "cursor">) => {
    const answer = await changeClients({ ...change, ...part }, signal);
    sum = {
      done: sum.done + answer.done,
      changed: sum.changed + answer.changed,
      refused: sum.refused + answer.refused,
    };
    onProgress(sum);
    return answer.next_cursor;
  };
  if (selected.all) {
    const { q = "", tag = "", status } = filter;
    const which = { filter: { q, tag, ...(status && { status }) }, except_ids: [...selected.except] };
    let cursor = await step(which);
    while (cursor && !signal.aborted) cursor = await step({ ...which, cursor });
  } else {
    const ids = [...selected.ids];
    for (let at = 0; at < ids.length && !signal.aborted; at += STEP)
      await step({ ids: ids.slice(at, at + STEP) });
  }
  return sum;
}
