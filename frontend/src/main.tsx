import "@mantine/core/styles.css";
import "@fontsource-variable/inter/wght.css";
import "./app/global.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followSession } from "./app/follow-session";
import { createQueryClient, Providers } from "./app/providers";
import { createAppRouter } from "./app/router";
import { session } from "./auth/session";
import { startI18n } from "./i18n";

const queries = createQueryClient();
const router = createAppRouter(queries);

followSession(router, queries);

// Who is at the keyboard is asked, and the page's own code is fetched, while the texts are on their way.
if (session.expected) {
  const matches = router.matchRoutes(router.latestLocation);
  if (matches.some(({ routeId }) => routeId === "/app")) {
    // Whoever needs the answer asks again, and says what went wrong.
    session.restore().catch(() => false);
    for (const { routeId } of matches) void router.loadRouteChunk(router.routesById[routeId as "/app"]);
  }
}

await startI18n();

const element = document.getElementById("root");
if (!element) throw new Error("index.html has no #root");
createRoot(element).render(
  <StrictMode>
    <Providers queries={queries}>
      <RouterProvider router={router} />
    </Providers>
  </StrictMode>,
);
