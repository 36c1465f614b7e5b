import { api } from "../client";
import type { Suppression, SuppressionReason } from "../types";
import { given, pages } from "./pages";

export interface SuppressionFilter {
  q?: string | undefined;
  reason?: SuppressionReason | undefined;
  /** Only for those who may see everyone's. */
  owner_id?: number | undefined;
}

export type SuppressionSort = "email" | "-email" | "created_at" | "-created_at";

/** Addresses that must not be mailed, newest first unless sorted. */
export const suppressions = (filter: SuppressionFilter, sort?: SuppressionSort) =>
  pages<Suppression>("suppressions", [given(filter), sort ?? ""], (paging, signal) =>
    api.GET("/suppressions", {
      params: { query: { ...given(filter), ...(sort && { sort }), ...paging } },
      signal,
    }),
  );

export const suppress = async (body: {
  email: string;
  reason: SuppressionReason;
  note: string;
}): Promise<Suppression> => (await api.POST("/suppressions", { body })).data as Suppression;

export const unsuppress = async (id: number): Promise<void> => {
  await api.DELETE("/suppressions/{id}", { params: { path: { id } } });
};

/** The suppression of exactly this address by this owner, if there is one. */
export async function suppressionOf(email: string, ownerId: number): Promise<Suppression | undefined> {
  // The filter looks for a part of the address: a longer one may hold it too.
  const query = { q: email, sort: "email" as const, limit: 200 };
  const { data } = await api.GET("/suppressions", { params: { query } });
  return data?.items.find((item) => item.email === email && item.owner_id === ownerId);
}
