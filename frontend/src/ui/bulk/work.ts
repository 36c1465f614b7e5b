import { Failure } from "@/api/failure";

export interface BulkProgress {
  done: number;
}

/** Goes on from where it is, and tells after each step how far that is. */
export type BulkWork<Progress extends BulkProgress> = (
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<Progress>;

/** How long a step that failed for now waits before each further try, in milliseconds. */
const AGAIN = [1_000, 3_000, 9_000];

/** One step, which a server that is away for a moment does not end: to do it twice must harm nothing. */
export async function tried<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const wait of AGAIN) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Failure && error.isPassing)) throw error;
      await pause(Math.max(wait, (error.retryAfter ?? 0) * 1_000), signal);
    }
  }
  return step();
}

const pause = (time: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    setTimeout(resolve, time);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
