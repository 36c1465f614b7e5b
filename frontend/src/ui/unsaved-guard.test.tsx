import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { visitSignedIn } from "@/test/app";
import { aClient, anna, at, server, versionedJson } from "@/test/server";

const dialog = () => screen.findByRole("dialog", { name: "Leave without saving?" });

test.each([
  ["/clients?open=new", "Comment"],
  ["/suppressions?add=true", "Note"],
  ["/mailings/new", "Name of the mailing"],
  ["/account", "Your name"],
  ["/admin/transports?open=new", "Server"],
  ["/admin/users?open=9", "Clients"],
])("the form at %s asks outside of itself", async (path, field) => {
  const boris = { ...anna, id: 9, email: "boris@example.com" };
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/me/sessions"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.get(at("/users"), () => HttpResponse.json({ items: [boris], next_cursor: null, total: 1 })),
    http.get(at("/users/9"), () => versionedJson(boris as never, '"1"')),
    http.get(at("/groups"), () => HttpResponse.json({ items: [], next_cursor: null })),
  );
  const { router } = await visitSignedIn(path);
  fireEvent.change(await screen.findByRole("textbox", { name: new RegExp(`^${field}`) }), {
    target: { value: "1" },
  });
  act(() => void router.navigate({ to: "/inbox" }));
  expect((await dialog()).closest("form")).toBeNull();
});

test("a search that begins beside an open form leaves nothing; another panel does", async () => {
  server.use(
    http.get(at("/clients/17"), () => versionedJson(aClient() as never, '"1"')),
    http.get(at("/clients/17/deliveries"), () => HttpResponse.json({ items: [], next_cursor: null })),
  );
  const { router } = await visitSignedIn("/clients?open=17&edit=true");
  const comment = await screen.findByLabelText("Comment");
  fireEvent.change(comment, { target: { value: "mine" } });
  fireEvent.change(screen.getByLabelText("Address, name or comment"), { target: { value: "bor" } });
  await waitFor(() => expect(router.state.location.search).toEqual({ q: "bor", open: 17, edit: true }));
  expect(comment).toHaveValue("mine");
  act(() => void router.navigate({ to: "/clients", search: { q: "bor", open: 18 } }));
  await dialog();
});
