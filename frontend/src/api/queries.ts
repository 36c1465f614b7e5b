/**
 * Every query of the interface with its key, in one place: a screen that reads and an act that must refresh what
 * was read name the same thing. Keys begin with the method and the path.
 */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, apiQueries } from "./client";
import type { MailingPage, MailingStatus } from "./types";

/** The public figures; they follow what happens while the page is open. */
export const homeFigures = () =>
  apiQueries.queryOptions("get", "/public/home", {}, { refetchInterval: 10_000, staleTime: 0 });

/** The person signed in, with their rights. */
export const me = () => apiQueries.queryOptions("get", "/me");

export interface MailingFilter {
  status?: MailingStatus | undefined;
  /** Only for those who may see everyone's: the owner whose mailings to show. */
  ownerId?: number | undefined;
}

/** Mailings page by page, as the server sorts them. */
export const mailings = (filter: MailingFilter) =>
  infiniteQueryOptions({
    queryKey: ["get", "/mailings", "pages", filter] as const,
    queryFn: async ({ pageParam, signal }): Promise<MailingPage> => {
      const query = {
        limit: 50,
        ...(filter.status && { status: filter.status }),
        ...(filter.ownerId && { owner_id: filter.ownerId }),
        ...(pageParam && { cursor: pageParam }),
      };
      const { data } = await api.GET("/mailings", { params: { query }, signal });
      return data ?? { items: [], next_cursor: null };
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    // States change by themselves. Only while one page is shown: refreshing many would cost as many requests.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 15_000),
  });
