import type { QueryClient } from "@tanstack/react-query";

/**
 * What is read from the API, by noun. Every query key begins with one (`["clients", "list", filter]`), so that an act
 * can name what it changed without knowing which screens show it.
 */
export type Noun =
  | "me"
  | "home"
  | "clients"
  | "suppressions"
  | "messages"
  | "mailings"
  | "reports"
  | "transports"
  | "users"
  | "groups"
  | "apiKeys"
  | "audit"
  | "system"
  | "inbox";

/** What shows something of a noun besides itself: the one map from an act to what must be read again. */
const shownBy: Partial<Record<Noun, readonly Noun[]>> = {
  clients: ["mailings", "reports"],
  suppressions: ["clients", "reports"],
  messages: ["mailings"],
  mailings: ["reports", "messages"],
  reports: ["mailings", "clients"],
  transports: ["mailings"],
  users: ["groups", "audit"],
  groups: ["users", "me", "audit"],
};

/** Reads anew what shows the nouns, after an act changed them. Resolves when what is on the screen is fresh. */
export async function changed(queries: QueryClient, ...nouns: Noun[]): Promise<void> {
  const stale = new Set(nouns.flatMap((noun) => [noun, ...(shownBy[noun] ?? [])]));
  await Promise.all([...stale].map((noun) => queries.invalidateQueries({ queryKey: [noun] })));
}
