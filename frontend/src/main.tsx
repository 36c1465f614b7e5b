import "@mantine/core/styles.css";
import "@fontsource-variable/inter/wght.css";
import "./app/global.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followSession } from "./app/follow-session";
import { createQueryClient, Providers } from "./app/providers";
import { createAppRouter } from "./app/router";
import { startI18n } from "./i18n";

const queries = createQueryClient();
const router = createAppRouter(queries);

followSession(router, queries);

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
