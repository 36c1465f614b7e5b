import type { QueryClient } from "@tanstack/react-query";
import { session } from "@/auth/session";
import type { createAppRouter } from "./router";

/**
 * Leads home when somebody signs out, here or in another tab, and forgets what was shown. A session that was lost
 * leads nowhere: the page asks for the password in place (SessionLost), as edits may stand on it. Returns what ends
 * the watch.
 */
export function followSession(router: ReturnType<typeof createAppRouter>, queries: QueryClient): () => void {
  return session.subscribe(async (event) => {
    if (event !== "signed-out") return;
    await router.navigate({ to: "/", ignoreBlocker: true });
    // The next person at this browser finds nothing of this one's.
    queries.clear();
  });
}
