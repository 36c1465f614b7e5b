import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import { Failure } from "../failure";
import type { Client, DraftPreview, Message, MessageInput, Preview, TestMail } from "../types";
import { ifMatch, type Versioned, versioned } from "../versioned";
import { given, pages } from "./pages";

export interface MessageFilter {
  q?: string | undefined;
  /** Only for those who may see everyone's. */
  owner_id?: number | undefined;
}

export const MESSAGE_SORTS = ["name", "-name", "subject", "-subject", "updated_at", "-updated_at"] as const;
export type MessageSort = (typeof MESSAGE_SORTS)[number];

/** Messages page by page, newest first unless sorted. */
export const messages = (filter: MessageFilter, sort?: MessageSort) =>
  pages<Message>("messages", [given(filter), sort ?? ""], (paging, signal) =>
    api.GET("/messages", {
      params: { query: { ...given(filter), ...(sort && { sort }), ...paging } },
      signal,
    }),
  );

/** Reads one message past every cache. */
export const readMessage = async (id: number, signal?: AbortSignal): Promise<Versioned<Message>> =>
  versioned(await api.GET("/messages/{id}", { params: { path: { id } }, ...(signal && { signal }) }));

/** One message with the version it was read at. */
export const message = (id: number) =>
  queryOptions({
    queryKey: ["messages", "one", id] as const,
    queryFn: ({ signal }) => readMessage(id, signal),
  });

export const createMessage = async (body: MessageInput): Promise<Versioned<Message>> =>
  versioned(await api.POST("/messages", { body }));

export const changeMessage = async (
  id: number,
  body: MessageInput,
  etag: string | undefined,
): Promise<Versioned<Message>> =>
  versioned(await api.PATCH("/messages/{id}", { params: { path: { id }, ...ifMatch(etag) }, body }));

export const deleteMessage = async (id: number): Promise<void> => {
  await api.DELETE("/messages/{id}", { params: { path: { id } } });
};

/** How somebody would get a message that need not be saved; what could not be sent to anybody fails at its field. */
export const previewDraft = async (body: DraftPreview, signal: AbortSignal): Promise<Preview> => {
  const { data } = await api.POST("/messages/preview", { body, signal });
  if (!data) throw new Failure({ status: 0 });
  return data;
};

/** Sends a test: to an address of one's own, or to a client; as the client gets it. */
export const testMessage = async (
  id: number,
  body: { to?: string; client_id?: number | null },
): Promise<{ id: number }> => {
  const { data } = await api.POST("/messages/{id}/test", {
    params: { path: { id } },
    body: { to: "", ...body },
  });
  if (!data) throw new Failure({ status: 0 });
  return data;
};

/** How often what became of a test is asked, in milliseconds, and for how many answers; then more rarely. */
const SOON = 1_000;
const FIRST = 30;
const LATER = 5_000;

/** What became of a test that one had sent, until that is settled. */
export const testMail = (id: number) =>
  queryOptions({
    queryKey: ["messages", "test", id] as const,
    queryFn: async ({ signal }): Promise<TestMail> => {
      const { data } = await api.GET("/test-mails/{id}", { params: { path: { id } }, signal });
      if (!data) throw new Failure({ status: 0 });
      return data;
    },
    refetchInterval: ({ state }) => {
      if (state.data && state.data.state !== "waiting") return false;
      return state.dataUpdateCount < FIRST ? SOON : LATER;
    },
  });

/** How many clients are looked at for attributes. */
const LOOKED_AT = 100;

/** The attributes that the newest clients have, each with a value it has somewhere. Cheap, so not all there are. */
export const knownAttributes = (filter: { owner_id?: number | undefined }) =>
  queryOptions({
    queryKey: ["clients", "attributes", given(filter)] as const,
    queryFn: async ({ signal }) => {
      const { data } = await api.GET("/clients", {
        params: { query: { ...given(filter), limit: LOOKED_AT } },
        signal,
      });
      return attributesOf(data?.items ?? []);
    },
    staleTime: 60_000,
  });

function attributesOf(clients: Client[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { attributes } of clients)
    for (const [name, value] of Object.entries(attributes))
      if (found[name] === undefined || found[name] === null || found[name] === "") found[name] = value;
  return found;
}

/** The captured mails for a text in addresses or subject, where mails are captured. */
export const findCaptured = async (q: string, signal: AbortSignal): Promise<{ id: number }[]> => {
  const { data } = await api.GET("/inbox", { params: { query: { q, limit: 5 } }, signal });
  return data?.items ?? [];
};
