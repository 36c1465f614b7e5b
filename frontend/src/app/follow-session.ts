import type { QueryClient } from "@tanstack/react-query";
import { homeFigures } from "@/api/queries/home";
import { me } from "@/api/queries/me";
import { session } from "@/auth/session";
import { forgetKeptDraft } from "@/features/messages/kept-draft";
import { forgetAccount } from "@/i18n";
import { isUnsaved } from "@/ui/unsaved";
import type { createAppRouter } from "./router";

/**
 * Leads home when somebody signs out, here or in another tab, and forgets what was shown and what was kept of theirs,
 * and their language. A session that was lost leads nowhere: the page asks for the password in place (SessionLost), as
 * edits may stand on it; so does the page of another tab where edits do. Returns what ends the watch.
 */
export function followSession(router: ReturnType<typeof createAppRouter>, queries: QueryClient): () => void {
  return session.subscribe(async (event) => {
    if (event === "signed-out-elsewhere" && !isUnsaved()) session.leave();
    if (event !== "signed-out") return;
    const person = queries.getQueryData(me().queryKey)?.id;
    if (person !== undefined) forgetKeptDraft(person);
    await router.navigate({ to: "/", ignoreBlocker: true });
    // The next person at this browser finds nothing of this one's. What the home page is reading by now is nobody's.
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== homeFigures().queryKey[0] });
    queries.getMutationCache().clear();
    // Without its texts the page stays in the language that it has.
    await forgetAccount().catch(() => {});
  });
}
