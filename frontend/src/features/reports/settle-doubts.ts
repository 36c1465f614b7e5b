import { Failure } from "@/api/failure";
import { type DeliveryFilter, resolveDoubts, someDoubts } from "@/api/queries/reports";
import { type BulkProgress, type BulkWork, tried } from "@/ui/bulk/work";
import type { Selected } from "@/ui/data-table/selection";

export interface DoubtsSettled extends BulkProgress {
  settled: number;
}

/** Doubts settled by one request. The server takes more; so many show that it goes on, and soon stop. */
export const STEP = 500;

/**
 * Settles the selected doubts, step by step: those there were when they were counted (`counted`, by this clock), while
 * the run may go on and leave more of them. It rejects with a Failure when a step fails more than passingly, and stops quietly between two steps when it is
 * aborted; called again it goes on with what is left.
 */
export function settleDoubts(
  runId: number,
  selected: Selected,
  filter: DeliveryFilter,
  as: "sent" | "failed",
  counted: number,
): BulkWork<DoubtsSettled> {
  const ids = selected.all ? [] : [...selected.ids];
  let cursor = selected.all ? "" : null;
  // The same instant by the server's clock.
  let until: number | null = null;
  let sum: DoubtsSettled = { done: 0, settled: 0 };
  // Whether the answer to the step that comes next was lost before: it may have been done.
  let lost = false;

  const find = async (except: ReadonlySet<number>, signal: AbortSignal) => {
    while (cursor !== null && !signal.aborted) {
      const from: string = cursor;
      const { items, next, said } = await tried(() => someDoubts(runId, filter, from, signal), signal);
      // The header leaves out the fraction of its second. Without one all that is found counts.
      until ??= said + 1_000 - (Date.now() - counted);
      const limit = until;
      const doubts = items.filter(
        ({ id, updated_at }) => !except.has(id) && !(Date.parse(updated_at) >= limit),
      );
      ids.push(...doubts.map(({ id }) => id));
      cursor = next;
    }
  };
  // Not aborted with the rest: what it did would not be counted.
  const settle = async (some: number[]) => {
    try {
      const settled = await resolveDoubts(runId, some, as);
      return lost ? some.length : settled;
    } catch (error) {
      lost ||= error instanceof Failure && error.isPassing && error.status !== 429;
      throw error;
    }
  };
  return async (onProgress, signal) => {
    onProgress(sum);
    if (selected.all) await find(selected.except, signal);
    while (ids.length > 0 && !signal.aborted) {
      const some = ids.slice(0, STEP);
      const settled = await tried(() => settle(some), signal);
      lost = false;
      ids.splice(0, some.length);
      sum = { done: sum.done + some.length, settled: sum.settled + settled };
      onProgress(sum);
    }
    return sum;
  };
}
