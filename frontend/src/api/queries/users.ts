import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { User } from "../types";
import { ifMatch, type Versioned, versioned } from "../versioned";
import { given, pages } from "./pages";

export interface UserFilter {
  q?: string | undefined;
  is_active?: boolean | undefined;
  is_staff?: boolean | undefined;
  is_superuser?: boolean | undefined;
  group?: string | undefined;
}

export type UserSort = "email" | "-email" | "full_name" | "-full_name" | "created_at" | "-created_at";

/** All accounts page by page, newest first unless sorted; for holders of users.view_all. */
export const users = (filter: UserFilter, sort?: UserSort) =>
  pages<User>("users", [given(filter), sort ?? ""], (paging, signal) =>
    api.GET("/users", {
      params: { query: { ...given(filter), ...(sort && { sort }), with_total: true, ...paging } },
      signal,
    }),
  );

/** One account with the version it was read at. */
export const user = (id: number) =>
  queryOptions({
    queryKey: ["users", "one", id] as const,
    queryFn: async ({ signal }): Promise<Versioned<User>> =>
      versioned(await api.GET("/users/{id}", { params: { path: { id } }, signal })),
  });

export interface Rights {
  is_active?: boolean;
  is_staff?: boolean;
  is_superuser?: boolean;
  groups?: string[];
  quota_clients?: number | null;
  quota_mails_per_day?: number | null;
}

export const changeUser = async (
  id: number,
  body: Rights,
  etag: string | undefined,
): Promise<Versioned<User>> =>
  versioned(await api.PATCH("/users/{id}", { params: { path: { id }, ...ifMatch(etag) }, body }));

export const deleteUser = async (id: number, etag: string): Promise<void> => {
  await api.DELETE("/users/{id}", { params: { path: { id }, ...ifMatch(etag) } });
};

export interface Belongings {
  clients: number;
  messages: number;
  mailings: number;
  /** Of the mailings, those that will send or are sending. */
  live: number;
}

/** What an account owns, in numbers; for those who may see everyone's. */
export const belongings = (owner: number) =>
  queryOptions({
    queryKey: ["users", "belongings", owner] as const,
    queryFn: async ({ signal }): Promise<Belongings> => {
      const query = { owner_id: owner, limit: 1, with_total: true };
      const of = async (call: Promise<{ data?: { total?: number } | undefined }>) =>
        (await call).data?.total ?? 0;
      const [clients, messages, mailings, scheduled, running] = await Promise.all([
        of(api.GET("/clients", { params: { query }, signal })),
        of(api.GET("/messages", { params: { query }, signal })),
        of(api.GET("/mailings", { params: { query }, signal })),
        of(api.GET("/mailings", { params: { query: { ...query, status: "scheduled" } }, signal })),
        of(api.GET("/mailings", { params: { query: { ...query, status: "running" } }, signal })),
      ]);
      return { clients, messages, mailings, live: scheduled + running };
    },
    staleTime: 0,
  });
