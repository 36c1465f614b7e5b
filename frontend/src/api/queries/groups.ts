import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Group } from "../types";
import { ifMatch, versioned } from "../versioned";

/** All groups by name; an installation has few. */
export const groups = () =>
  queryOptions({
    queryKey: ["groups", "list"] as const,
    queryFn: async ({ signal }): Promise<Group[]> =>
      (await api.GET("/groups", { params: { query: { limit: 200 } }, signal })).data?.items ?? [],
  });

export const createGroup = async (name: string): Promise<void> => {
  await api.POST("/groups", { body: { name, permissions: [] } });
};

export const renameGroup = async (id: number, name: string): Promise<void> => {
  await api.PATCH("/groups/{id}", { params: { path: { id }, header: {} }, body: { name } });
};

/** Gives a group a permission or takes it away, and leaves what somebody else changed meanwhile as it is. */
export const setPermission = async (id: number, permission: string, on: boolean): Promise<void> => {
  const { value, etag } = versioned(await api.GET("/groups/{id}", { params: { path: { id } } }));
  const permissions = value.permissions.filter((held) => held !== permission);
  if (on) permissions.push(permission);
  await api.PATCH("/groups/{id}", {
    params: { path: { id }, ...ifMatch(etag) },
    body: { name: value.name, permissions },
  });
};

export const deleteGroup = async (id: number): Promise<void> => {
  await api.DELETE("/groups/{id}", { params: { path: { id } } });
};
