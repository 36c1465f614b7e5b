import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { Events, type Progress, progressKey } from "./events";

const streams = new WeakMap<object, Events>();

function useEvents(): Events {
  const queries = useQueryClient();
  let events = streams.get(queries);
  if (!events) {
    events = new Events(queries);
    streams.set(queries, events);
  }
  return events;
}

/**
 * Keeps what is shown of runs alive while the component is: returns how often to read it again as a query's
 * `refetchInterval`, which is never while the stream of events is there.
 */
export function useLive(): number | false {
  const events = useEvents();
  useEffect(() => events.subscribe(), [events]);
  return useStreamed() ? false : 5_000;
}

function useStreamed(): boolean {
  const events = useEvents();
  return useSyncExternalStore(events.onState, () => events.state) === "live";
}

/**
 * The latest progress of a run as the stream told it; undefined until it did, and when the stream is gone and the run
 * was read since, at readAt. Needs a useLive on the screen.
 */
export function useProgress(runId: number | null | undefined, readAt = 0): Progress | undefined {
  const streamed = useStreamed();
  const { data, dataUpdatedAt } = useQuery<Progress>({
    queryKey: progressKey(runId ?? 0),
    // Only ever written by the stream.
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return streamed || dataUpdatedAt >= readAt ? data : undefined;
}
