/**
 * What a mailing is put together from: a few rows at a time, found by searching; those of one owner, for whom
 * everyone's would come.
 */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../client";
import type { Client, Message, Transport } from "../types";
import { given } from "./pages";

const FEW = 20;

export const messageChoices = (q: string, owner_id: number | undefined) =>
  queryOptions({
    queryKey: ["messages", "choices", q, owner_id] as const,
    queryFn: async ({ signal }) =>
      (
        await api.GET("/messages", {
          params: { query: { limit: FEW, sort: "-updated_at", ...given({ q, owner_id }) } },
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

export const clientChoices = (q: string, owner_id: number | undefined) =>
  queryOptions({
    queryKey: ["clients", "choices", q, owner_id] as const,
    queryFn: async ({ signal }) =>
      (await api.GET("/clients", { params: { query: { limit: FEW, ...given({ q, owner_id }) } }, signal }))
        .data?.items as Client[],
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
