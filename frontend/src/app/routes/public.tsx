import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { returnPath } from "@/auth/return-path";
import { session } from "@/auth/session";
import { HomePage } from "@/features/home/home-page";
import { publicPages } from "./base";

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

const home = createRoute({ getParentRoute: () => publicPages, path: "/", component: HomePage });

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

export const publicRoutes = [home, signIn, register] as const;
