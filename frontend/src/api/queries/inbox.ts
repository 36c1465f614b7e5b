import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type { CapturedContent, CapturedMail } from "../types";
import { given, pages } from "./pages";

export interface InboxFilter {
  q?: string | undefined;
  to?: string | undefined;
}

/** Whether this installation keeps its mail instead of sending it; that changes at a restart alone. */
export const capturesMail = () =>
  queryOptions({
    queryKey: ["inbox", "there"] as const,
    queryFn: async ({ signal }) => {
      try {
        await api.GET("/inbox", { params: { query: { limit: 1 } }, signal });
        return true;
      } catch (error) {
        if (error instanceof Failure && error.status === 404) return false;
        throw error;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The captured mails that one may see, newest first; new ones come by themselves. */
export const capturedMails = (filter: InboxFilter) => ({
  ...pages<CapturedMail>("inbox", [given(filter)], (paging, signal) =>
    api.GET("/inbox", { params: { query: { ...given(filter), with_total: true, ...paging } }, signal }),
  ),
  refetchInterval: (query: { state: { data?: { pages: unknown[] } | undefined } }) =>
    (query.state.data?.pages.length ?? 0) > 1 ? (false as const) : 5_000,
});

export const capturedMail = (id: number) =>
  queryOptions({
    queryKey: ["inbox", "one", id] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/inbox/{id}", { params: { path: { id } }, signal })).data as CapturedContent,
    // A mail never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
