import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { AuditAction, AuditEvent } from "../types";
import { given, pages } from "./pages";

export interface AuditFilter {
  actor_id?: number | undefined;
  action?: AuditAction | undefined;
  /** "mailing", or one of them: "mailing:12". */
  object?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  q?: string | undefined;
}

/** The audit log page by page, newest first; for superusers. */
export const auditEvents = (filter: AuditFilter) =>
  pages<AuditEvent>("audit", [given(filter)], (paging, signal) =>
    api.GET("/audit", { params: { query: { ...given(filter), ...paging } }, signal }),
  );

/** One event; it never changes. */
export const auditEvent = (id: number) =>
  queryOptions({
    queryKey: ["audit", "one", id] as const,
    queryFn: async ({ signal }): Promise<AuditEvent | undefined> =>
      (await api.GET("/audit/{id}", { params: { path: { id } }, signal })).data,
    staleTime: Number.POSITIVE_INFINITY,
  });
