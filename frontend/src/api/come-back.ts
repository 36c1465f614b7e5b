import { focusManager, type Query } from "@tanstack/react-query";
import { Failure } from "./failure";

/** The first wait before what failed is asked again, what each further one adds, and the longest; in milliseconds. */
export const STEP = 5_000;
export const LONGEST = 15_000;

/** No answer came, or a proxy or the server said that there is none for now. What is else wrong stays so. */
export const isAway = (error: unknown): boolean =>
  error instanceof Failure && [0, 502, 503, 504].includes(error.status);

/**
 * Brings a query that failed back once the server answers again, as long as a screen shows it. It is asked quietly:
 * until an answer comes, the screen keeps its words and its button. Called with every failure of every query.
 */
export function comeBack(query: Query<unknown, unknown>, error: unknown): void {
  if (isAway(error)) wait(query, STEP);
}

const waiting = new WeakSet<object>();

function wait(query: Query<unknown, unknown>, time: number) {
  if (waiting.has(query)) return;
  waiting.add(query);
  setTimeout(async () => {
    waiting.delete(query);
    // Whoever opens its screen asks it anyway, and so does who presses the button.
    const wanted = () => query.isActive() && query.state.status === "error" && isAway(query.state.error);
    if (!wanted() || query.state.fetchStatus !== "idle") return;
    const answers = focusManager.isFocused() && (await answered(query));
    if (!wanted()) return;
    if (!answers) wait(query, Math.min(time + STEP, LONGEST));
    else if (query.state.fetchStatus === "idle") await query.fetch().catch(() => {});
  }, time);
}

/** Whether the server answers a query at all; what it answers is dropped. */
async function answered(query: Query<unknown, unknown>): Promise<boolean> {
  const { queryFn } = query.options;
  if (typeof queryFn !== "function") return false;
  try {
    await queryFn({
      queryKey: query.queryKey,
      signal: new AbortController().signal,
      meta: query.meta,
      pageParam: (query.options as { initialPageParam?: unknown }).initialPageParam,
      direction: "forward",
    } as never);
    return true;
  } catch (error) {
    return !isAway(error);
  }
}
