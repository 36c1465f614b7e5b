import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Quotas, User } from "../types";

/** The person signed in, with their rights. */
export const me = () =>
  queryOptions({
    queryKey: ["me"] as const,
    queryFn: async ({ signal }) => (await api.GET("/me", { signal })).data as User,
  });

/** What the account may have, and has. */
export const quotas = () =>
  queryOptions({
    queryKey: ["me", "quotas"] as const,
    queryFn: async ({ signal }) => (await api.GET("/me/quotas", { signal })).data as Quotas,
    staleTime: 0,
  });
