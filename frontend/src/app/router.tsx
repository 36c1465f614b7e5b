import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
} from "@tanstack/react-router";
import { Failure } from "@/api/failure";
import { me } from "@/api/queries";
import { MAILING_STATUSES, type MailingStatus } from "@/api/types";
import { returnPath } from "@/auth/return-path";
import { session } from "@/auth/session";
import { HomePage } from "@/features/home/home-page";
import { followAccount } from "@/i18n";
import { ErrorPage, NotFoundPage, PendingPage } from "./fallbacks";
import { PublicShell } from "./public-shell";
import { Root } from "./root";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Root });

const publicPages = createRoute({ getParentRoute: () => root, id: "public", component: PublicShell });

const home = createRoute({ getParentRoute: () => publicPages, path: "/", component: HomePage });

// A validated search must name what it takes out as undefined: what it leaves away stays as it came.

interface ReturnSearch {
  return_to?: string | undefined;
}

const entry = {
  validateSearch: ({ return_to }: Record<string, unknown>): ReturnSearch => ({
    return_to: typeof return_to === "string" ? return_to : undefined,
  }),
  beforeLoad: async ({ search }: { search: ReturnSearch }) => {
    // Without an answer the form is the honest thing to show.
    if (session.expected && (await session.restore().catch(() => false))) {
      throw redirect({ href: returnPath(search.return_to) });
    }
  },
};

const signIn = createRoute({
  getParentRoute: () => publicPages,
  path: "/sign-in",
  ...entry,
  component: lazyRouteComponent(() => import("@/features/account/sign-in-page"), "SignInPage"),
});

const register = createRoute({
  getParentRoute: () => publicPages,
  path: "/register",
  ...entry,
  component: lazyRouteComponent(() => import("@/features/account/register-page"), "RegisterPage"),
});

/** Everything below it needs somebody who is signed in: a visitor is sent to sign-in and comes back. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    const toSignIn = () => redirect({ to: "/sign-in", search: { return_to: location.href } });
    if (!(await session.restore())) throw toSignIn();
    try {
      const user = await context.queries.ensureQueryData(me());
      await followAccount(user.locale);
    } catch (error) {
      if (error instanceof Failure && error.status === 401) throw toSignIn();
      throw error;
    }
  },
  component: lazyRouteComponent(() => import("./app-shell"), "SignedInShell"),
});

interface MailingsSearch {
  status?: MailingStatus | undefined;
}

const mailings = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings",
  validateSearch: ({ status }: Record<string, unknown>): MailingsSearch => ({
    status: MAILING_STATUSES.find((known) => known === status),
  }),
  component: lazyRouteComponent(() => import("@/features/mailings/mailings-page"), "MailingsPage"),
});

const routeTree = root.addChildren([
  publicPages.addChildren([home, signIn, register]),
  signedIn.addChildren([mailings]),
]);

/** The whole application over the browser's address bar, or over another history. */
export function createAppRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree,
    ...(history && { history }),
    context: { queries },
    defaultPreload: "intent",
    defaultNotFoundComponent: NotFoundPage,
    defaultErrorComponent: ErrorPage,
    defaultPendingComponent: PendingPage,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
