import { type InfiniteData, queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type { TransportCheck, TransportInput, TransportList, TransportSettings } from "../types";
import { ifMatch, type Versioned, versioned } from "../versioned";
import { type Page, pages } from "./pages";

/** The transports in the order in which they are tried, as superusers see them. States change by themselves. */
export const allTransports = () => ({
  ...pages<TransportSettings>(
    "transports",
    ["all"],
    (paging, signal) =>
      // A superuser is told everything of each.
      api.GET("/transports", { params: { query: { ...paging, limit: 200 } }, signal }) as Promise<{
        data?: { items: TransportSettings[]; next_cursor: string | null };
      }>,
  ),
  refetchInterval: 5_000,
});

/** The server of the settings, which is tried after all transports; undefined where there is none. */
export const defaultOf = (data: InfiniteData<Page<TransportSettings>> | undefined) =>
  (data?.pages[0] as TransportList | undefined)?.default;

/** One transport with the version it was read at. */
export const transport = (id: number) =>
  queryOptions({
    queryKey: ["transports", "one", id] as const,
    queryFn: async ({ signal }): Promise<Versioned<TransportSettings>> =>
      versioned(
        await api.GET("/transports/{id}", { params: { path: { id } }, signal }),
      ) as Versioned<TransportSettings>,
  });

export const createTransport = async (body: TransportInput): Promise<Versioned<TransportSettings>> =>
  versioned(await api.POST("/transports", { body })) as Versioned<TransportSettings>;

export const changeTransport = async (
  id: number,
  body: Partial<TransportInput>,
  etag?: string,
): Promise<Versioned<TransportSettings>> =>
  versioned(
    await api.PATCH("/transports/{id}", {
      params: { path: { id }, ...ifMatch(etag) },
      // What is left out stays; the schema of the body is that of a new one.
      body: body as TransportInput,
    }),
  ) as Versioned<TransportSettings>;

export const deleteTransport = async (id: number): Promise<void> => {
  await api.DELETE("/transports/{id}", { params: { path: { id } } });
};

/** Connects and logs in; no mail is sent. It takes up to 15 s. */
export const checkTransport = async (id: number): Promise<TransportCheck> => {
  const { data } = await api.POST("/transports/{id}/check", { params: { path: { id } } });
  if (!data) throw new Failure({ status: 0 });
  return data;
};
