import { queryOptions } from "@tanstack/react-query";
import { api } from "../client";

/** What a new account has done already, and whether it is one: nothing was ever sent from it. */
export interface FirstSteps {
  clients: boolean;
  message: boolean;
  mailing: boolean;
}

/** The steps of an account; `owner` narrows to it for those who see everyone's. Their nouns change without each other. */
export const firstSteps = (owner: number | undefined) =>
  queryOptions({
    queryKey: ["reports", "first-steps", owner] as const,
    queryFn: async ({ signal }): Promise<FirstSteps> => {
      const query = { limit: 1, ...(owner && { owner_id: owner }) };
      const [clients, messages, runs] = await Promise.all([
        api.GET("/clients", { params: { query }, signal }),
        api.GET("/messages", { params: { query }, signal }),
        api.GET("/reports", { params: { query }, signal }),
      ]);
      const some = ({ data }: { data?: { items: unknown[] } | undefined }) => (data?.items.length ?? 0) > 0;
      return { clients: some(clients), message: some(messages), mailing: some(runs) };
    },
    staleTime: 0,
  });
