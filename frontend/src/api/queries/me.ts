import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { User } from "../types";

/** The person signed in, with their rights. */
export const me = () =>
  queryOptions({
    queryKey: ["me"] as const,
    queryFn: async ({ signal }) => (await api.GET("/me", { signal })).data as User,
  });
