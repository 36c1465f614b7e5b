import type { QueryClient } from "@tanstack/react-query";
import { session } from "@/auth/session";
import type { createAppRouter } from "./router";

/** Leads away from what needs a session when it ends, and forgets what it showed. Returns what ends the watch. */
export function followSession(router: ReturnType<typeof createAppRouter>, queries: QueryClient): () => void {
  return session.subscribe(async (event) => {
    if (event === "signed-in") return;
    // On purpose: to the home page. Lost: the same address again, whose guard leads to sign-in and back.
    if (event === "signed-out") await router.navigate({ to: "/" });
    else await router.invalidate();
    // The next person at this browser finds nothing of this one's.
    queries.clear();
  });
}
