import { screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { visitSignedIn } from "@/test/app";
import { at, server } from "@/test/server";

const mail = {
  id: 8,
  from: "shop@example.com",
  to: "boris@example.com",
  subject: "Hello Boris",
  received_at: "2026-11-01T12:00:00Z",
  size: 900,
};

test("a captured mail is shown in a frame where nothing runs, and as it would have travelled", async () => {
  server.use(
    http.get(at("/inbox"), () => HttpResponse.json({ items: [mail], next_cursor: null, total: 1 })),
    http.get(at("/inbox/8"), () =>
      HttpResponse.json({
        ...mail,
        headers: [{ name: "Subject", value: "Hello Boris" }],
        html: "<p>Hello</p><script>alert(1)</script>",
        text: "Hello in text",
        source: "Subject: Hello Boris",
      }),
    ),
  );
  const { user, router } = await visitSignedIn("/inbox");
  await screen.findByText(/none leaves this machine/);
  await screen.findByRole("link", { name: "Captured mail" });
  await user.click(await screen.findByRole("link", { name: "Hello Boris" }));
  expect(await screen.findByTitle("The mail as its reader sees it")).toHaveAttribute("sandbox", "");
  await user.click(screen.getByRole("tab", { name: "Source" }));
  await screen.findByText("Subject: Hello Boris");
  expect(router.state.location.search).toEqual({ open: 8, part: "source" });
});

test("where mail is really sent there is no such section", async () => {
  await visitSignedIn("/inbox");
  await screen.findByRole("heading", { name: "Mail is not captured here" });
  await waitFor(() => expect(screen.queryByRole("link", { name: "Captured mail" })).not.toBeInTheDocument());
});
