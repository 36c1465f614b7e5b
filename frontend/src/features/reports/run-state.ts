import { isOver, type Report, type RunStatus } from "@/api/types";
import { useProgress } from "@/api/use-progress";

/** How a run stands now. */
export interface RunState {
  status: RunStatus;
  reason: string;
  counts: Report["counts"];
  /** Mails a second, when it sends. */
  rate: number | null;
}

/**
 * A run as the stream of events told it last, or as it was read: what was read of one that has ended is the newest,
 * as its doubts can be settled after the last event, and so is, without the stream, what was read after it.
 */
export function useRunState(read: Report, readAt?: number): RunState {
  const told = useProgress(read.run_id, readAt);
  if (told && !isOver(read.status)) {
    const { status, reason, counts, rate_per_second } = told;
    return { status, reason, counts, rate: rate_per_second };
  }
  return { ...read, rate: read.rate_per_second || null };
}
