/** What a mailing is put together from: a few rows at a time, found by searching. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Client, Message, MessagePreview, Transport } from "../types";
import { given } from "./pages";

const FEW = 20;

export const messageChoices = (q: string) =>
  queryOptions({
    queryKey: ["messages", "choices", q] as const,
    queryFn: async ({ signal }) =>
      (
        await api.GET("/messages", {
          params: { query: { limit: FEW, sort: "-updated_at", ...given({ q }) } },
          signal,
        })
      ).data?.items as Message[],
    placeholderData: keepPreviousData,
  });

export const messageChoice = (id: number) =>
  queryOptions({
    queryKey: ["messages", "choice", id] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/messages/{id}", { params: { path: { id } }, signal })).data as Message,
  });

/** A message as nobody in particular would get it. */
export const messagePreview = (id: number) =>
  queryOptions({
    queryKey: ["messages", "preview", id] as const,
    queryFn: async ({ signal }) =>
      (await api.POST("/messages/{id}/preview", { params: { path: { id } }, body: {}, signal }))
        .data as MessagePreview,
  });

export const clientChoices = (q: string) =>
  queryOptions({
    queryKey: ["clients", "choices", q] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/clients", { params: { query: { limit: FEW, ...given({ q }) } }, signal })).data
        ?.items as Client[],
    placeholderData: keepPreviousData,
  });

export const clientChoice = (id: number) =>
  queryOptions({
    queryKey: ["clients", "choice", id] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/clients/{id}", { params: { path: { id } }, signal })).data as Client,
    staleTime: 60_000,
  });

export const transportChoices = () =>
  queryOptions({
    queryKey: ["transports", "choices"] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/transports", { params: { query: { limit: 200 } }, signal })).data
        ?.items as Transport[],
    staleTime: 60_000,
  });
