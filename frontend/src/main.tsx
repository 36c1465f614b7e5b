import "@mantine/core/styles.css";
import "@fontsource-variable/inter/wght.css";
import "./app/global.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient, Providers } from "./app/providers";
import { createAppRouter } from "./app/router";
import { session } from "./auth/session";
import { startI18n } from "./i18n";

const queries = createQueryClient();
const router = createAppRouter(queries);

session.subscribe(async (event) => {
  if (event === "signed-in") return;
  // On purpose: to the home page. Lost: the same address again, whose guard leads to sign-in and back.
  if (event === "signed-out") await router.navigate({ to: "/" });
  else await router.invalidate();
  // The next person at this browser finds nothing of this one's.
  queries.clear();
});

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
