import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { onTestFinished } from "vitest";
import { followSession } from "@/app/follow-session";
import { createQueryClient, Providers } from "@/app/providers";
import { createAppRouter } from "@/app/router";
import { session } from "@/auth/session";

/** Shows the real application at a path, to a visitor. */
export function visit(path: string) {
  const queries = createQueryClient();
  // A test waits for no second try; what is tried again is a matter of createQueryClient.
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  const router = createAppRouter(queries, createMemoryHistory({ initialEntries: [path] }));
  onTestFinished(followSession(router, queries));
  const user = userEvent.setup();
  render(
    <Providers queries={queries} env="test">
      <RouterProvider router={router} />
    </Providers>,
  );
  return { user, router, queries };
}

/** The same to Anna, who has signed in. */
export async function visitSignedIn(path: string) {
  await session.signIn("anna@example.com", "correct horse battery");
  return visit(path);
}

/** Shows one component alone, with all it may ask for around it. */
export async function show(element: ReactNode) {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <div data-testid="shown">{element}</div> }),
    history: createMemoryHistory(),
  });
  render(
    <Providers queries={createQueryClient()} env="test">
      <RouterProvider router={router as never} />
    </Providers>,
  );
  await screen.findByTestId("shown");
}
