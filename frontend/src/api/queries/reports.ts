import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Delivery, DeliveryState, Reason, Report, RunStatus, Summary, Timeline, Why } from "../types";
import { given, pages } from "./pages";

export interface ReportFilter {
  mailing_id?: number | undefined;
  parent_run_id?: number | undefined;
  status?: RunStatus | undefined;
  /** Planned at or after it and before it, as RFC 3339. */
  from?: string | undefined;
  to?: string | undefined;
  /** Only for those who may see everyone's. */
  owner_id?: number | undefined;
  sort?: "planned_at" | "-planned_at" | undefined;
}

/** Reports page by page, one a run, newest first. */
export const reports = (filter: ReportFilter) =>
  pages<Report>("reports", [given(filter)], (paging, signal) =>
    api.GET("/reports", { params: { query: { ...given(filter), ...paging } }, signal }),
  );

export const report = (runId: number) =>
  queryOptions({
    queryKey: ["reports", "one", runId] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/reports/{run_id}", { params: { path: { run_id: runId } }, signal })).data as Report,
  });

export interface DeliveryFilter {
  state?: DeliveryState | undefined;
  q?: string | undefined;
  /** The last answer, as the reasons of a run group them. */
  code?: number | undefined;
  enhanced?: string | undefined;
  answer?: string | undefined;
}

/** The deliveries of a run page by page. */
export const deliveries = (runId: number, filter: DeliveryFilter) =>
  pages<Delivery>("reports", [runId, "deliveries", given(filter)], (paging, signal) =>
    api.GET("/reports/{run_id}/deliveries", {
      params: {
        path: { run_id: runId },
        // Counted once: with the first page.
        query: { ...given(filter), ...paging, with_total: !("cursor" in paging) },
      },
      signal,
    }),
  );

export const timeline = (runId: number) =>
  queryOptions({
    queryKey: ["reports", "timeline", runId] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/reports/{run_id}/timeline", { params: { path: { run_id: runId } }, signal }))
        .data as Timeline,
  });

export const reasons = (runId: number) =>
  queryOptions({
    queryKey: ["reports", "reasons", runId] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/reports/{run_id}/reasons", { params: { path: { run_id: runId } }, signal })).data
        ?.items as Reason[],
  });

/** Why a client did or did not get the mail of a run, with every attempt. */
export const why = (runId: number, clientId: number) =>
  queryOptions({
    queryKey: ["reports", "why", runId, clientId] as const,
    queryFn: async ({ signal }) =>
      (
        await api.GET("/reports/{run_id}/clients/{client_id}", {
          params: { path: { run_id: runId, client_id: clientId } },
          signal,
        })
      ).data as Why,
  });

export const summary = (days: number) =>
  queryOptions({
    queryKey: ["reports", "summary", days] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/reports/summary", { params: { query: { days } }, signal })).data as Summary,
  });

/** Retries what has the states, or of it what was answered with the codes; resolves with the id of the linked run that does. */
export async function retryRun(
  runId: number,
  states: ("failed" | "in_doubt")[],
  codes: number[] = [],
): Promise<number> {
  const { data } = await api.POST("/reports/{run_id}/retry", {
    params: { path: { run_id: runId } },
    body: { states, ...(codes.length > 0 && { codes }) },
  });
  return data?.run_id as number;
}

/** What of a run nothing retries yet. */
export interface Left {
  failed: number;
  in_doubt: number;
  /** The refused among it, by the code of their answer. */
  codes: Record<number, number>;
  /** There are too many to go through them all: what was counted is a part of it. */
  more: boolean;
}

/** Pages of a state that are gone through to count what is left. */
const MOST_PAGES = 10;

/** Counts what of a run is left to retry; `retries` says how those stand that took something, as that changes it. */
export const leftToRetry = (runId: number, retries: string) =>
  queryOptions({
    queryKey: ["reports", "left", runId, retries] as const,
    queryFn: async ({ signal }) => {
      const left: Left = { failed: 0, in_doubt: 0, codes: {}, more: false };
      for (const state of ["failed", "in_doubt"] as const) {
        let cursor: string | null | undefined;
        for (let pages = 0; pages < MOST_PAGES && cursor !== null; pages++) {
          const { data } = await api.GET("/reports/{run_id}/deliveries", {
            params: { path: { run_id: runId }, query: { state, limit: 200, ...given({ cursor }) } },
            signal,
          });
          for (const { retried_by, last_code } of data?.items ?? []) {
            if (retried_by) continue;
            left[state]++;
            if (state === "failed") left.codes[last_code] = (left.codes[last_code] ?? 0) + 1;
          }
          cursor = data?.next_cursor ?? null;
        }
        if (cursor) left.more = true;
      }
      return left;
    },
  });

/** Some of the doubts of a run that a filter finds, by client, and when the server said so. */
export async function someDoubts(runId: number, filter: DeliveryFilter, cursor: string, signal: AbortSignal) {
  const { data, response } = await api.GET("/reports/{run_id}/deliveries", {
    params: {
      path: { run_id: runId },
      query: { ...given(filter), state: "in_doubt", limit: 200, ...given({ cursor }) },
    },
    signal,
  });
  const said = Date.parse(response.headers.get("Date") ?? "");
  return { items: data?.items ?? [], next: data?.next_cursor ?? null, said };
}

/** Settles doubts by hand; resolves with how many this settled. */
export async function resolveDoubts(runId: number, ids: number[], as: "sent" | "failed"): Promise<number> {
  const { data } = await api.POST("/reports/{run_id}/resolve", {
    params: { path: { run_id: runId } },
    body: { delivery_ids: ids, as },
  });
  return data?.resolved ?? 0;
}
