import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { Suppression } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";

const gone: Suppression = {
  id: 5,
  owner_id: anna.id,
  email: "boris@example.com",
  reason: "unsubscribed",
  note: "",
  created_at: "2026-11-01T12:00:00Z",
  updated_at: "2026-11-01T12:00:00Z",
};

test("an address is added; one that is there already is said at its field", async () => {
  const { user, router } = await visitSignedIn("/suppressions");
  await user.click((await screen.findAllByRole("button", { name: "Add an address" }))[0] as HTMLElement);
  const panel = within(await screen.findByRole("dialog", { name: "Add an address" }));
  server.use(http.post(at("/suppressions"), () => problem(409), { once: true }));
  await user.type(panel.getByLabelText(/E-mail/), "boris@example.com");
  await user.click(panel.getByRole("button", { name: "Add it" }));
  expect(await panel.findByText("This address is on the list already.")).toBeInTheDocument();
  server.use(http.post(at("/suppressions"), () => HttpResponse.json(gone, { status: 201 })));
  await user.click(panel.getByRole("button", { name: "Add it" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  await screen.findByText("Nothing more will be sent to boris@example.com.");
});

test("an address is mailed again only after the reason was said", async () => {
  let removed = false;
  server.use(
    http.get(at("/suppressions"), () =>
      HttpResponse.json({ items: removed ? [] : [gone], next_cursor: null }),
    ),
    http.delete(at("/suppressions/5"), () => {
      removed = true;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await visitSignedIn("/suppressions");
  await user.click(await screen.findByRole("button", { name: "Remove boris@example.com" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/The reason why nothing is sent: Unsubscribed\./)).toBeInTheDocument();
  await user.click(dialog.getByRole("button", { name: "Allow mail again" }));
  await screen.findByRole("heading", { name: "Every address may be mailed" });
});

test("a manager reads everyone's and takes none of theirs away", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(at("/me"), () =>
      HttpResponse.json({ ...anna, is_staff: true, permissions: ["clients.view_all"] }),
    ),
    http.get(at("/suppressions"), ({ request }) => {
      asked.push(new URL(request.url).searchParams.get("owner_id"));
      const theirs = {
        ...gone,
        id: 6,
        owner_id: 8,
        owner_email: "vera@example.com",
        email: "ivan@example.com",
      };
      return HttpResponse.json({ items: [gone, theirs], next_cursor: null });
    }),
  );
  const { user, router } = await visitSignedIn("/suppressions");
  await screen.findByText("boris@example.com");
  expect(asked.at(-1)).toBe(String(anna.id));
  await user.selectOptions(screen.getByLabelText("Owner"), "Everyone's");
  await waitFor(() => expect(router.state.location.search).toEqual({ owner: "all" }));
  await screen.findByText("vera@example.com");
  expect(asked.at(-1)).toBeNull();
  screen.getByRole("button", { name: "Remove boris@example.com" });
  expect(screen.queryByRole("button", { name: "Remove ivan@example.com" })).not.toBeInTheDocument();
});
