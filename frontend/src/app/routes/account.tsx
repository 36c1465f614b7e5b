import { createRoute } from "@tanstack/react-router";
import { page, signedIn } from "./base";
import { oneOf } from "./search";

const account = createRoute({
  getParentRoute: () => signedIn,
  path: "/account",
  component: page(() => import("@/features/account/account-page"), "AccountPage"),
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
  component: page(() => import("@/features/api-keys/api-keys-page"), "ApiKeysPage"),
});

export const accountRoutes = [account, apiKeys] as const;
