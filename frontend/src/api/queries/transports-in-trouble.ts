import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";

/** The ways out that a superuser has to look after: those that rest or cannot be used. */
export const transportsInTrouble = () =>
  queryOptions({
    queryKey: ["transports", "in-trouble"] as const,
    queryFn: async ({ signal }) => {
      const { data } = await api.GET("/transports", { params: { query: { limit: 200 } }, signal });
      return (data?.items ?? []).filter(({ enabled, state }) => enabled && state !== "ok");
    },
    refetchInterval: 30_000,
  });
