import { api } from "../client";
import type { Mailing, MailingStatus } from "../types";
import { given, pages } from "./pages";

export interface MailingFilter {
  status?: MailingStatus | undefined;
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
