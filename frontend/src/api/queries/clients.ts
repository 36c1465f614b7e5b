import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { BulkChange, Client, ClientDelivery, ClientInput, ClientStatus } from "../types";
import { ifMatch, type Versioned, versioned } from "../versioned";
import { given, pages } from "./pages";

export interface ClientFilter {
  q?: string | undefined;
  tag?: string | undefined;
  status?: ClientStatus | undefined;
  /** Only for those who may see everyone's. */
  owner_id?: number | undefined;
}

export type ClientSort =
  | "email"
  | "-email"
  | "full_name"
  | "-full_name"
  | "created_at"
  | "-created_at"
  | "updated_at"
  | "-updated_at";

/** Clients page by page, newest first unless sorted. */
export const clients = (filter: ClientFilter, sort?: ClientSort) =>
  pages<Client>("clients", [given(filter), sort ?? ""], (paging, signal) =>
    api.GET("/clients", {
      params: { query: { ...given(filter), ...(sort && { sort }), ...paging } },
      signal,
    }),
  );

/** How many clients a filter finds; apart from the list, so that counting a million delays no row. */
export const clientsTotal = (filter: ClientFilter) =>
  queryOptions({
    queryKey: ["clients", "total", given(filter)] as const,
    queryFn: async ({ signal }) => {
      const query = { ...given(filter), limit: 1, with_total: true };
      const { data } = await api.GET("/clients", { params: { query }, signal });
      return data?.total ?? 0;
    },
    staleTime: 30_000,
  });

const read = async (id: number, signal?: AbortSignal): Promise<Versioned<Client>> =>
  versioned(await api.GET("/clients/{id}", { params: { path: { id } }, ...(signal && { signal }) }));

/** One client with the version it was read at. */
export const client = (id: number) =>
  queryOptions({
    queryKey: ["clients", "one", id] as const,
    queryFn: ({ signal }) => read(id, signal),
  });

/** The tags there are, to choose from while one types. */
export const knownTags = (q: string) =>
  queryOptions({
    queryKey: ["clients", "tags", q] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/clients/tags", { params: { query: given({ q }) }, signal })).data?.items ?? [],
    placeholderData: keepPreviousData,
  });

/** What became of the mails to a client, newest first. */
export const clientDeliveries = (id: number) =>
  pages<ClientDelivery>("clients", ["deliveries", id], (paging, signal) =>
    api.GET("/clients/{id}/deliveries", {
      params: { path: { id }, query: { ...paging, with_total: !paging.cursor } },
      signal,
    }),
  );

export const createClient = async (body: ClientInput): Promise<Versioned<Client>> =>
  versioned(await api.POST("/clients", { body }));

export const changeClient = async (
  id: number,
  body: ClientInput,
  etag: string | undefined,
): Promise<Versioned<Client>> =>
  versioned(await api.PATCH("/clients/{id}", { params: { path: { id }, ...ifMatch(etag) }, body }));

/** Deletes a client; `erase` also takes the address out of past deliveries. */
export const deleteClient = async (id: number, erase: boolean): Promise<void> => {
  await api.DELETE("/clients/{id}", { params: { path: { id }, query: { erase } } });
};

/** One step of a change of many clients; see the contract. */
export const changeClients = async (body: BulkChange, signal: AbortSignal) => {
  const { data } = await api.POST("/clients/bulk", { body, signal });
  return data ?? { done: 0, changed: 0, refused: 0, next_cursor: null };
};
