import type { ClientFilter } from "@/api/queries/clients";
import { changeClients } from "@/api/queries/clients";
import type { BulkChange } from "@/api/types";
import { type BulkProgress, type BulkWork, tried } from "@/ui/bulk/work";
import type { Selected } from "@/ui/data-table/selection";

/** What is done to each of the selected clients. */
export type Change = Pick<BulkChange, "add_tags" | "remove_tags" | "delete">;

export interface ClientsChanged extends BulkProgress {
  changed: number;
  /** Clients that would have had too many tags. */
  refused: number;
}

/** Clients named in one request; the server takes no more. */
const STEP = 500;

/**
 * A change of the selected clients, step by step. It rejects with a Failure when a step fails more than passingly, and
 * stops quietly between two steps when it is aborted; what was done stays done, and called again it goes on with the
 * step that failed.
 */
export function bulkWork(selected: Selected, filter: ClientFilter, change: Change): BulkWork<ClientsChanged> {
  let sum: ClientsChanged = { done: 0, changed: 0, refused: 0 };
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
      const {
        done,
        changed,
        refused,
        next_cursor: cursor,
      } = await tried(() => changeClients(body, signal), signal);
      sum = { done: sum.done + done, changed: sum.changed + changed, refused: sum.refused + refused };
      ids.splice(0, STEP);
      next = !found ? named() : cursor ? { ...found, cursor } : null;
      onProgress(sum);
    }
    return sum;
  };
}
