import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { signedIn } from "./base";
import { oneOf } from "./search";

const account = createRoute({
  getParentRoute: () => signedIn,
  path: "/account",
  component: lazyRouteComponent(() => import("@/features/account/account-page"), "AccountPage"),
});

interface ApiKeysSearch {
  open?: "new" | undefined;
}

const apiKeys = createRoute({
  getParentRoute: () => signedIn,
  path: "/account/api-keys",
  validateSearch: (search: Record<string, unknown>): ApiKeysSearch => ({
    open: oneOf(["new"], search.open),
  }),
  component: lazyRouteComponent(() => import("@/features/api-keys/api-keys-page"), "ApiKeysPage"),
});

export const accountRoutes = [account, apiKeys] as const;
