import { MantineProvider } from "@mantine/core";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { comeBack } from "@/api/come-back";
import { Failure } from "@/api/failure";
import { me } from "@/api/queries/me";
import { colorSchemeManager, cssVariables, theme } from "./theme";

export function createQueryClient(): QueryClient {
  // Who is refused what the interface offered has other rights than it knew.
  const onError = (error: unknown) => {
    if (error instanceof Failure && error.status === 403)
      void queries.invalidateQueries({ queryKey: me().queryKey, exact: true });
  };
  const queries = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        onError(error);
        comeBack(query, error);
      },
    }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // Offline, a query fails in words instead of waiting without one; it comes back with the connection.
        networkMode: "always",
        refetchOnReconnect: true,
        // What is wrong with a request stays wrong; only what may pass is tried again.
        retry: (count, error: unknown) =>
          error instanceof Failure && error.isPassing && error.status !== 429 && count < 2,
      },
      mutations: { networkMode: "always" },
    },
  });
  return queries;
}

interface Props {
  queries: QueryClient;
  /** In tests nothing has a size or a place; Mantine then neither animates nor hides what seems to be out of sight. */
  env?: "default" | "test";
  children: ReactNode;
}

export function Providers({ queries, env = "default", children }: Props) {
  return (
    <MantineProvider
      env={env}
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemeManager}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </MantineProvider>
  );
}
