import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Report, SystemState } from "../types";

/** How the installation is; it follows what happens while the page is open. */
export const systemState = () =>
  queryOptions({
    queryKey: ["system"] as const,
    queryFn: async ({ signal }) => (await api.GET("/system", { signal })).data as SystemState,
    refetchInterval: 3_000,
    staleTime: 0,
  });

/** The runs under way, of everybody. */
export const runsSending = () =>
  queryOptions({
    queryKey: ["reports", "sending"] as const,
    queryFn: async ({ signal }): Promise<Report[]> =>
      (await api.GET("/reports", { params: { query: { status: "running", limit: 20 } }, signal })).data
        ?.items ?? [],
    refetchInterval: 3_000,
    staleTime: 0,
  });
