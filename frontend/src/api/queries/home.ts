import { queryOptions } from "@tanstack/react-query";
import { publicApi } from "../http";
import type { HomeFigures } from "../types";

/** The public figures; they follow what happens while the page is open. */
export const homeFigures = () =>
  queryOptions({
    queryKey: ["home"] as const,
    queryFn: async ({ signal }) => (await publicApi.GET("/public/home", { signal })).data as HomeFigures,
    refetchInterval: 10_000,
    staleTime: 0,
  });
