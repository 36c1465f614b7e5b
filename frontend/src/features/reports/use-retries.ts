import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { rowsOf } from "@/api/queries/pages";
import { type Left, leftToRetry, reports } from "@/api/queries/reports";
import { isOver, type Report } from "@/api/types";
import type { RunState } from "./run-state";

/** The runs that retry a run, and what they left. */
export interface Retries {
  runs: Report[];
  /** The one that is still being sent: until its end nothing more can be retried. */
  live: Report | undefined;
  /** What can be retried; unknown while that is counted. */
  left: Left | undefined;
  /** How many of what was refused or is in doubt they took. */
  taken: number;
}

export function useRetries({ run_id, mailing_id }: Report, { status, counts }: RunState): Retries {
  const list = useInfiniteQuery({
    ...reports({ mailing_id, parent_run_id: run_id }),
    refetchInterval: ({ state }) => (rowsOf(state.data).some((run) => !isOver(run.status)) ? 5_000 : false),
  });
  const runs = rowsOf(list.data);
  const all = counts.failed + counts.in_doubt;
  const counted = useQuery({
    ...leftToRetry(run_id, runs.map((run) => `${run.run_id} ${run.status}`).join()),
    enabled: isOver(status) && all > 0 && runs.length > 0,
  });
  const live = runs.find((run) => !isOver(run.status));
  if (counted.data && !counted.data.more) {
    const left = counted.data;
    return { runs, live, left, taken: Math.max(0, all - left.failed - left.in_doubt) };
  }
  // What is not counted is offered whole, as the server leaves out what was retried.
  const uncounted = runs.length > 0 ? counted.data?.more || counted.isError : list.data || list.isError;
  const planned = runs.reduce((sum, run) => sum + run.counts.planned, 0);
  return {
    runs,
    live,
    left: uncounted
      ? { failed: counts.failed, in_doubt: counts.in_doubt, codes: {}, more: runs.length > 0 }
      : undefined,
    taken: Math.min(all, planned),
  };
}
