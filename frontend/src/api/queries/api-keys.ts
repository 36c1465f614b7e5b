import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type { ApiKey, ApiKeyInput, NewApiKey } from "../types";

/** One's API keys, the newest first; an account has at most 50. */
export const apiKeys = () =>
  queryOptions({
    queryKey: ["apiKeys", "list"] as const,
    queryFn: async ({ signal }): Promise<ApiKey[]> =>
      (await api.GET("/api-keys", { params: { query: { limit: 200 } }, signal })).data?.items ?? [],
    staleTime: 0,
  });

/** Makes a key; the answer is the only place that ever shows it. */
export const createApiKey = async (body: ApiKeyInput): Promise<NewApiKey> => {
  const { data } = await api.POST("/api-keys", { body });
  if (!data) throw new Failure({ status: 0 });
  return data;
};

export const revokeApiKey = async (id: number): Promise<void> => {
  await api.DELETE("/api-keys/{id}", { params: { path: { id } } });
};
