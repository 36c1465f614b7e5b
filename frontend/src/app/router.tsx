import type { QueryClient } from "@tanstack/react-query";
import { createRouter, type RouterHistory } from "@tanstack/react-router";
import { ErrorPage, NotFoundPage, PendingPage } from "./fallbacks";
import { accountRoutes } from "./routes/account";
import { adminRoutes } from "./routes/admin";
import { publicPages, root, signedIn } from "./routes/base";
import { clientRoutes } from "./routes/clients";
import { mailingRoutes } from "./routes/mailings";
import { messageRoutes } from "./routes/messages";
import { publicRoutes } from "./routes/public";
import { reportRoutes } from "./routes/reports";

const routeTree = root.addChildren([
  publicPages.addChildren([...publicRoutes]),
  signedIn.addChildren([
    ...mailingRoutes,
    ...clientRoutes,
    ...messageRoutes,
    ...reportRoutes,
    ...adminRoutes,
    ...accountRoutes,
  ]),
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
