import type { Query, QueryClient } from "@tanstack/react-query";

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
  await readAnew(queries, nouns);
}

/**
 * The same after a thing was deleted: what was read of it is forgotten as soon as no screen shows it, so that Back finds
 * that it is not there. The thing itself must be read with the key `[noun, "one", id]`.
 */
export async function deleted(
  queries: QueryClient,
  noun: Noun,
  id: number,
  ...others: Noun[]
): Promise<void> {
  const cache = queries.getQueryCache();
  const thing = cache.find({ queryKey: [noun, "one", id] });
  if (thing?.getObserversCount() === 0) cache.remove(thing);
  else if (thing) {
    const end = cache.subscribe(({ type, query }) => {
      if (query !== thing || type !== "observerRemoved" || thing.getObserversCount() > 0) return;
      end();
      cache.remove(thing);
    });
  }
  await readAnew(queries, [noun, ...others], thing);
}

async function readAnew(queries: QueryClient, nouns: readonly Noun[], but?: Query): Promise<void> {
  const stale = new Set(nouns.flatMap((noun) => [noun, ...(shownBy[noun] ?? [])]));
  await Promise.all(
    [...stale].map((noun) =>
      queries.invalidateQueries({ queryKey: [noun], predicate: (query) => query !== but }),
    ),
  );
}
