import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure } from "@/api/failure";
import { colorSchemeManager, cssVariables, theme } from "./theme";

export function createQueryClient(): QueryClient {
  return new QueryClient({
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
