import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { signedIn } from "./base";

const account = createRoute({
  getParentRoute: () => signedIn,
  path: "/account",
  component: lazyRouteComponent(() => import("@/features/account/account-page"), "AccountPage"),
});

export const accountRoutes = [account] as const;
