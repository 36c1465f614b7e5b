import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type { SignIn } from "../types";

/** Where one is signed in, the newest first. */
export const mySessions = () =>
  queryOptions({
    queryKey: ["me", "sessions"] as const,
    queryFn: async ({ signal }): Promise<SignIn[]> =>
      (await api.GET("/me/sessions", { params: { query: { limit: 200 } }, signal })).data?.items ?? [],
    staleTime: 0,
  });

/** One that has ended meanwhile is as it should be. */
export const endSession = async (id: number): Promise<void> => {
  try {
    await api.DELETE("/me/sessions/{id}", { params: { path: { id } } });
  } catch (error) {
    if (!(error instanceof Failure && error.status === 404)) throw error;
  }
};

export const changePassword = async (current_password: string, new_password: string): Promise<void> => {
  await api.POST("/me/password", { body: { current_password, new_password } });
};
