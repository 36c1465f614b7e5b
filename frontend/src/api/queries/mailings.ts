import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type {
  Audience,
  AudienceCount,
  Mailing,
  MailingChange,
  MailingInput,
  MailingStatus,
  Occurrence,
  Repeat,
  Report,
} from "../types";
import { ifMatch, type Versioned, versioned } from "../versioned";
import { given, pages } from "./pages";

export const MAILING_SORTS = [
  "name",
  "-name",
  "created_at",
  "-created_at",
  "next_run_at",
  "-next_run_at",
] as const;
export type MailingSort = (typeof MAILING_SORTS)[number];

export interface MailingFilter {
  status?: MailingStatus | undefined;
  /** Part of the name. */
  q?: string | undefined;
  sort?: MailingSort | undefined;
  /** Only for those who may see everyone's: the owner whose mailings to show. */
  owner_id?: number | undefined;
}

/** Mailings page by page, as the server sorts them. */
export const mailings = (filter: MailingFilter) => ({
  ...pages<Mailing>("mailings", [given(filter)], (paging, signal) =>
    api.GET("/mailings", { params: { query: { ...given(filter), ...paging } }, signal }),
  ),
  // States change by themselves. Only while one page is shown: refreshing many would cost as many requests.
  refetchInterval: (query: { state: { data?: { pages: unknown[] } | undefined } }) =>
    (query.state.data?.pages.length ?? 0) > 1 ? (false as const) : 15_000,
});

const one = (id: number) => ({ params: { path: { id } } });

export async function readMailing(id: number, signal?: AbortSignal): Promise<Versioned<Mailing>> {
  return versioned<Mailing>(await api.GET("/mailings/{id}", { ...one(id), ...(signal && { signal }) }));
}

export const mailing = (id: number) =>
  queryOptions({
    queryKey: ["mailings", "one", id] as const,
    queryFn: ({ signal }) => readMailing(id, signal),
  });

/** The runs of a mailing, the latest first. */
export const mailingRuns = (id: number) =>
  pages<Report>("reports", ["of-mailing", id], (paging, signal) =>
    api.GET("/mailings/{id}/runs", {
      params: { path: { id }, query: { sort: "-planned_at", ...paging } },
      signal,
    }),
  );

/** One run of a mailing with its counts, as it stands. */
export const mailingRun = (runId: number) =>
  queryOptions({
    queryKey: ["reports", "run", runId] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/reports/{run_id}", { params: { path: { run_id: runId } }, signal })).data as Report,
  });

/** Whom a mailing that is saved would reach now. */
export const audienceOfMailing = (id: number) =>
  queryOptions({
    queryKey: ["mailings", "audience", id] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/mailings/{id}/audience", { ...one(id), signal })).data as AudienceCount,
  });

/** Whom an audience would reach now; what was found stays until the next is. */
export const audienceCount = (audience: Audience) =>
  queryOptions({
    queryKey: ["clients", "audience", audience] as const,
    queryFn: async ({ signal }) =>
      // Of the body only the audience is looked at.
      (await api.POST("/mailings/audience", { body: { audience } as MailingInput, signal }))
        .data as AudienceCount,
    placeholderData: keepPreviousData,
  });

/** The next starts of a mailing that is saved. */
export const occurrencesOfMailing = (id: number, n: number) =>
  queryOptions({
    queryKey: ["mailings", "occurrences", id, n] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/mailings/{id}/occurrences", { params: { path: { id }, query: { n } }, signal })).data
        ?.items as Occurrence[],
  });

/** What decides when a mailing starts, and when it may send. */
export type Timing = Pick<MailingInput, "end_at" | "run_minutes" | "window"> & {
  start_at: string | null;
  timezone: string;
  repeat: Repeat | null;
};

/** The starts that an unsaved schedule would have; what was found stays until the next is. */
export const occurrences = (timing: Timing, n: number) =>
  queryOptions({
    queryKey: ["mailings", "occurrences", timing, n] as const,
    queryFn: async ({ signal }) =>
      (
        await api.POST("/mailings/occurrences", {
          params: { query: { n } },
          // Of the body only the schedule is looked at.
          body: timing as unknown as MailingInput,
          signal,
        })
      ).data?.items as Occurrence[],
    placeholderData: keepPreviousData,
    retry: false,
  });

export async function createMailing(body: MailingInput): Promise<Versioned<Mailing>> {
  return versioned<Mailing>(await api.POST("/mailings", { body }));
}

export async function changeMailing(
  id: number,
  etag: string | undefined,
  change: MailingChange,
): Promise<Versioned<Mailing>> {
  const params = { path: { id }, ...ifMatch(etag) };
  return versioned<Mailing>(
    await api.PATCH("/mailings/{id}", { params, body: change as Required<MailingChange> }),
  );
}

export type MailingAct = "schedule" | "unschedule" | "start" | "pause" | "resume" | "cancel" | "stop";

/** Asks something of a mailing; answers it as it stands after it. */
export async function act(id: number, what: MailingAct): Promise<Mailing> {
  const calls = {
    schedule: () => api.POST("/mailings/{id}/schedule", one(id)),
    unschedule: () => api.POST("/mailings/{id}/unschedule", one(id)),
    start: () => api.POST("/mailings/{id}/start", one(id)),
    pause: () => api.POST("/mailings/{id}/pause", one(id)),
    resume: () => api.POST("/mailings/{id}/resume", one(id)),
    cancel: () => api.POST("/mailings/{id}/cancel", one(id)),
    stop: () => api.POST("/mailings/{id}/stop", one(id)),
  };
  return (await calls[what]()).data as Mailing;
}

/** Gives a mailing a start, also another one while it is scheduled. */
export async function scheduleAt(id: number, start_at: string): Promise<Mailing> {
  return (await api.POST("/mailings/{id}/schedule", { ...one(id), body: { start_at } })).data as Mailing;
}

/** What the server's clock says, in milliseconds; this machine's may be wrong. */
export async function serverTime(id: number): Promise<number> {
  const { response } = await api.GET("/mailings/{id}", { ...one(id), cache: "no-store" });
  const told = Date.parse(response.headers.get("Date") ?? "");
  return Number.isNaN(told) ? Date.now() : told;
}

export async function duplicateMailing(id: number): Promise<Mailing> {
  return (await api.POST("/mailings/{id}/duplicate", one(id))).data as Mailing;
}

export async function deleteMailing(id: number): Promise<void> {
  await api.DELETE("/mailings/{id}", one(id));
}

/** Sends what the mailing would send, once, to the person signed in. */
export async function testMailing(id: number): Promise<{ id: number }> {
  const { data } = await api.POST("/mailings/{id}/test", { ...one(id), body: {} });
  if (!data) throw new Failure({ status: 0 });
  return data;
}
