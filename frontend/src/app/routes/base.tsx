/** The trunk of the routes: what every file of routes hangs its own on. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  lazyRouteComponent,
  notFound,
  redirect,
} from "@tanstack/react-router";
import { Failure, part } from "@/api/failure";
import { me } from "@/api/queries/me";
import type { User } from "@/api/types";
import { may, type Right } from "@/auth/rights";
import { session } from "@/auth/session";
import { followAccount, loadScreenTexts } from "@/i18n";
import { PublicShell } from "../public-shell";
import { Root } from "../root";

export interface Context {
  queries: QueryClient;
}

export const root = createRootRouteWithContext<Context>()({ component: Root });

/** What a route shows, in code of its own that is fetched when it is wanted. */
export function page<T extends Record<string, unknown>, K extends keyof T & string>(
  load: () => Promise<T>,
  name: K,
) {
  return lazyRouteComponent<T, K>(() => part(load()), name);
}

/** The frame of the pages that need no session. */
export const publicPages = createRoute({ getParentRoute: () => root, id: "public", component: PublicShell });

/** Everything below it needs somebody who is signed in: a visitor is sent to sign-in and comes back. */
export const signedIn = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const toSignIn = () => redirect({ to: "/sign-in", search: { return_to: location.href } });
    // Beside the answer of the server, not after it; what fails here is tried again below.
    if (session.expected) loadScreenTexts().catch(() => {});
    if (!(await session.restore())) throw toSignIn();
    try {
      // Rights may have been given or taken meanwhile: the page does not wait for it, but it is asked.
      const known = context.queries.ensureQueryData({ ...me(), revalidateIfStale: true });
      const [user] = await Promise.all([known, loadScreenTexts()]);
      await followAccount(user.locale);
      return { user };
    } catch (error) {
      if (error instanceof Failure && error.status === 401) throw toSignIn();
      throw error;
    }
  },
  component: page(() => import("../app-shell"), "SignedInShell"),
});

/** `beforeLoad: needs("users.view_all")`: who has not the right is told so where the page would stand. The server refuses by itself. */
export function needs(right: Right) {
  return ({ context }: { context: { user: User } }) => {
    if (!may(context.user, right)) throw new Failure({ status: 403 });
  };
}

/** Reads an id in a path; what is none leads to no page. */
export function idParam(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw notFound();
  return Number(text);
}
