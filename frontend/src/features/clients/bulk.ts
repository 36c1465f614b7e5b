import { Failure } from "@/api/failure";
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

/** Goes on from where it is, and tells after each step how far that is. */
export type BulkWork = (
  onProgress: (progress: BulkProgress) => void,
  signal: AbortSignal,
) => Promise<BulkProgress>;

/** Clients named in one request; the server takes no more. */
const STEP = 500;

/** How long a step that failed for now waits before each further try, in milliseconds. */
const AGAIN = [1_000, 3_000, 9_000];

/**
 * A change of the selected clients, step by step. It rejects with a Failure when a step fails more than passingly, and
 * stops quietly between two steps when it is aborted; what was done stays done, and called again it goes on with the
 * step that failed.
 */
export function bulkWork(selected: Selected, filter: ClientFilter, change: Change): BulkWork {
  let sum: BulkProgress = { done: 0, changed: 0, refused: 0 };
  const { q = "", tag = "", status } = filter;
  const ids = selected.all ? [] : [...selected.ids];
  const found = selected.all && {
    filter: { q, tag, ...(status && { status }) },
    except_ids: [...selected.except],
  };
  const named = () => (ids.length > 0 ? { ids: ids.slice(0, STEP) } : null);
  let next: Omit<BulkChange, keyof Change> | null = found || named();
  return async (onProgress, signal) => {
    onProgress(sum);
    while (next && !signal.aborted) {
      const body: BulkChange = { ...change, ...next };
      const { done, changed, refused, next_cursor: cursor } = await tried(body, signal);
      sum = { done: sum.done + done, changed: sum.changed + changed, refused: sum.refused + refused };
      ids.splice(0, STEP);
      next = !found ? named() : cursor ? { ...found, cursor } : null;
      onProgress(sum);
    }
    return sum;
  };
}

/** One step, which a server that is away for a moment does not end: to do it twice harms nothing. */
async function tried(body: BulkChange, signal: AbortSignal) {
  for (const wait of AGAIN) {
    try {
      return await changeClients(body, signal);
    } catch (error) {
      if (!(error instanceof Failure && error.isPassing)) throw error;
      await pause(Math.max(wait, (error.retryAfter ?? 0) * 1_000), signal);
    }
  }
  return changeClients(body, signal);
}

const pause = (time: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    setTimeout(resolve, time);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
