import { createRoute, redirect } from "@tanstack/react-router";
import { returnPath } from "@/auth/return-path";
import { session } from "@/auth/session";
import { HomePage } from "@/features/home/home-page";
import { page, publicPages } from "./base";

interface ReturnSearch {
  return_to?: string | undefined;
  /** What the form of signing in begins with. */
  email?: string | undefined;
}

interface LinkSearch {
  /** Of a mail. */
  token?: string | undefined;
}

const entry = {
  validateSearch: ({ return_to, email }: Record<string, unknown>): ReturnSearch => ({
    return_to: typeof return_to === "string" ? return_to : undefined,
    email: typeof email === "string" ? email : undefined,
  }),
  beforeLoad: async ({ search }: { search: ReturnSearch }) => {
    // Without an answer the form is the honest thing to show.
    if (session.expected && (await session.restore().catch(() => false))) {
      throw redirect({ href: returnPath(search.return_to) });
    }
  },
};

const link = {
  // A token of digits alone would come as a number.
  validateSearch: ({ token }: Record<string, unknown>): LinkSearch => ({
    token: token ? String(token) : undefined,
  }),
};

const home = createRoute({ getParentRoute: () => publicPages, path: "/", component: HomePage });

const signIn = createRoute({
  getParentRoute: () => publicPages,
  path: "/sign-in",
  ...entry,
  component: page(() => import("@/features/account/sign-in-page"), "SignInPage"),
});

const register = createRoute({
  getParentRoute: () => publicPages,
  path: "/register",
  ...entry,
  component: page(() => import("@/features/account/register-page"), "RegisterPage"),
});

const forgot = createRoute({
  getParentRoute: () => publicPages,
  path: "/forgot",
  component: page(() => import("@/features/account/forgot-page"), "ForgotPage"),
});

const confirm = createRoute({
  getParentRoute: () => publicPages,
  path: "/confirm",
  ...link,
  component: page(() => import("@/features/account/confirm-page"), "ConfirmPage"),
});

const reset = createRoute({
  getParentRoute: () => publicPages,
  path: "/reset",
  ...link,
  component: page(() => import("@/features/account/reset-page"), "ResetPage"),
});

export const publicRoutes = [home, signIn, register, forgot, confirm, reset] as const;
