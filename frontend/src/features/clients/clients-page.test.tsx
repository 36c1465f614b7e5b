import { act, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, test } from "vitest";
import type { BulkChange, Client, User } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aClient, anna, at, problem, server, versionedJson } from "@/test/server";

/** A server with these clients; answers what the list was asked for. */
function having(...clients: Client[]) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get(at("/clients"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      if (!query.has("with_total")) asked.push(query);
      return HttpResponse.json({ items: clients, next_cursor: null, total: clients.length });
    }),
    http.get(at("/clients/:id"), ({ params }) => {
      const found = clients.find(({ id }) => id === Number(params.id));
      return found ? versionedJson(found as never, '"1"') : problem(404);
    }),
    http.get(at("/clients/:id/deliveries"), () =>
      HttpResponse.json({ items: [], next_cursor: null, total: 3 }),
    ),
  );
  return asked;
}

const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });
const button = (name: string | RegExp) => screen.findByRole("button", { name });

describe("the list", () => {
  test("without clients names the next step", async () => {
    const { user } = await visitSignedIn("/clients");
    await screen.findByRole("heading", { name: "No clients yet" });
    await user.click(screen.getByRole("link", { name: "Add a client" }));
    await screen.findByRole("dialog", { name: "New client" });
  });

  test("is searched, filtered and sorted by the address, and told so to the server", async () => {
    const asked = having(aClient());
    const { user, router } = await visitSignedIn("/clients");
    await row("boris");
    await user.type(screen.getByLabelText("Address, name or comment"), "bor");
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "bor" }));
    await user.selectOptions(screen.getByLabelText("Status"), "Unsubscribed");
    await user.click(await screen.findByRole("button", { name: "E-mail" }));
    await waitFor(() =>
      expect(router.state.location.search).toEqual({ q: "bor", status: "unsubscribed", sort: "email" }),
    );
    await waitFor(() =>
      expect(Object.fromEntries(asked.at(-1) ?? [])).toEqual({
        q: "bor",
        status: "unsubscribed",
        sort: "email",
        limit: "50",
      }),
    );
    await user.click(await button("Clear the filters"));
    await waitFor(() => expect(router.state.location.search).toEqual({ sort: "email" }));
    expect(screen.getByLabelText("Address, name or comment")).toHaveValue("");
  });

  test.each<[string, Partial<User>, string | null]>([
    ["a user", {}, null],
    ["a manager", { is_staff: true, permissions: ["clients.view_all"] }, "7"],
  ])("shows %s their own clients", async (_, rights, owner) => {
    server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })));
    const asked = having(aClient());
    await visitSignedIn("/clients");
    await row("boris");
    expect(asked.at(-1)?.get("owner_id")).toBe(owner);
  });

  test("of everyone's clients names the owner and selects none", async () => {
    server.use(
      http.get(at("/me"), () =>
        HttpResponse.json({ ...anna, is_staff: true, permissions: ["clients.view_all"] }),
      ),
    );
    const asked = having(aClient({ owner_id: 3, owner_email: "ursula@example.com" }));
    const { user } = await visitSignedIn("/clients");
    await user.selectOptions(await screen.findByLabelText("Owner"), "Everyone's");
    await screen.findByText("ursula@example.com");
    expect(asked.at(-1)?.has("owner_id")).toBe(false);
    expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
    await user.click(screen.getByRole("link", { name: "boris@example.com" }));
    await screen.findByText(/This client is somebody else's/);
    expect(screen.queryByRole("button", { name: "Edit" })).not.toBeInTheDocument();
  });

  test("of one user's clients is chosen by a manager who may see the users, and stands in the address", async () => {
    const ursula = { ...anna, id: 3, email: "ursula@example.com", full_name: "Ursula" };
    const sought: (string | null)[] = [];
    server.use(
      http.get(at("/me"), () =>
        HttpResponse.json({ ...anna, is_staff: true, permissions: ["clients.view_all", "users.view_all"] }),
      ),
      http.get(at("/users"), ({ request }) => {
        sought.push(new URL(request.url).searchParams.get("q"));
        return HttpResponse.json({ items: [ursula], next_cursor: null, total: 1 });
      }),
      http.get(at("/users/3"), () => versionedJson(ursula as never, '"1"')),
    );
    const asked = having(aClient({ owner_id: 3, owner_email: "ursula@example.com" }));
    const { user, router } = await visitSignedIn("/clients");
    await user.selectOptions(await screen.findByLabelText("Owner"), "One user's");
    await user.type(screen.getByRole("combobox", { name: "User" }), "urs");
    await waitFor(() => expect(sought.at(-1)).toBe("urs"));
    await user.click(await screen.findByRole("option", { name: "Ursula · ursula@example.com" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ owner: 3 }));
    await waitFor(() => expect(asked.at(-1)?.get("owner_id")).toBe("3"));
    expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
  });

  test.each<[string, Partial<User>, string | null]>([
    ["a user", {}, null],
    ["a manager who may see no users", { is_staff: true, permissions: ["clients.view_all"] }, "3"],
  ])("of %s offers no choice of users", async (_, rights, owner) => {
    server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })));
    const asked = having(aClient());
    await visitSignedIn("/clients?owner=3");
    await row("boris");
    expect(asked.at(-1)?.get("owner_id")).toBe(owner);
    expect(screen.queryByRole("combobox", { name: "User" })).not.toBeInTheDocument();
  });

  test("of somebody else's client shows no form, though the address asks for it", async () => {
    server.use(http.get(at("/clients/17"), () => versionedJson(aClient({ owner_id: 3 }) as never, '"1"')));
    having(aClient({ owner_id: 3 }));
    await visitSignedIn("/clients?open=17&edit=true");
    await screen.findByText(/This client is somebody else's/);
    expect(screen.queryByRole("button", { name: "Save" })).not.toBeInTheDocument();
  });
});

describe("a client", () => {
  test("is added with typed attributes", async () => {
    let sent: unknown;
    having();
    server.use(
      http.post(at("/clients"), async ({ request }) => {
        sent = await request.json();
        return versionedJson(aClient() as never, '"1"', 201);
      }),
    );
    const { user, router } = await visitSignedIn("/clients?open=new");
    const panel = within(await screen.findByRole("dialog", { name: "New client" }));
    await user.type(panel.getByLabelText(/E-mail/), "boris@example.com");
    await user.type(panel.getByRole("combobox", { name: "Tags" }), "vip{Enter}");
    await user.click(panel.getByRole("button", { name: "Add an attribute" }));
    await user.type(panel.getByLabelText("Name of attribute 1"), "orders");
    await user.selectOptions(panel.getByLabelText("Kind of attribute 1"), "Number");
    await user.type(panel.getByLabelText("Value of attribute 1"), "x");
    await user.click(panel.getByRole("button", { name: "Add the client" }));
    expect(await panel.findByText("The value of “orders” is no number.")).toBeInTheDocument();
    await user.clear(panel.getByLabelText("Value of attribute 1"));
    await user.type(panel.getByLabelText("Value of attribute 1"), "12,5");
    await user.click(panel.getByRole("button", { name: "Add the client" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ open: 17 }));
    expect(sent).toMatchObject({ email: "boris@example.com", tags: ["vip"], attributes: { orders: 12.5 } });
    expect(await screen.findByText("boris@example.com is added.")).toBeInTheDocument();
  });

  test("that the server finds fault with says so at its fields", async () => {
    having();
    server.use(
      http.post(at("/clients"), () =>
        problem(422, {
          errors: [
            { field: "attributes.city", code: "too_long", message: "The city is too long." },
            { field: "tags", code: "too_many", message: "Too many tags." },
          ],
        }),
      ),
    );
    const { user } = await visitSignedIn("/clients?open=new");
    const panel = within(await screen.findByRole("dialog", { name: "New client" }));
    await user.click(panel.getByRole("button", { name: "Add the client" }));
    expect(panel.getByLabelText(/E-mail/)).toHaveAccessibleDescription("Please fill this in.");
    await user.type(panel.getByLabelText(/E-mail/), "b@c.de{Enter}");
    expect(await panel.findByText("The city is too long.")).toBeInTheDocument();
    expect(panel.getByRole("combobox", { name: "Tags" })).toHaveAccessibleDescription(/Too many tags\./);
  });

  test("that somebody else changed meanwhile is not overwritten unasked", async () => {
    having(aClient());
    const matches: (string | null)[] = [];
    server.use(
      http.patch(at("/clients/17"), ({ request }) => {
        matches.push(request.headers.get("If-Match"));
        if (matches.length > 1) return versionedJson(aClient() as never, '"3"');
        server.use(
          http.get(at("/clients/17"), () =>
            versionedJson(aClient({ full_name: "Boris the Second" }) as never, '"2"'),
          ),
        );
        return problem(412);
      }),
    );
    const { user } = await visitSignedIn("/clients?open=17&edit=true");
    await user.type(await screen.findByLabelText("Comment"), "mine");
    await user.click(await button("Save"));
    const conflict = await screen.findByRole("dialog", { name: "Somebody else changed this meanwhile" });
    expect(conflict).toHaveTextContent("NameBoris the SecondBoris");
    await user.click(within(conflict).getByRole("button", { name: "Save mine over it" }));
    await screen.findByText("boris@example.com is saved.");
    expect(matches).toEqual(['"1"', '"2"']);
  });

  test("with edits that are not saved is not left unasked", async () => {
    having(aClient());
    const { user, router } = await visitSignedIn("/clients?open=17&edit=true");
    await user.type(await screen.findByLabelText("Comment"), "mine");
    await user.keyboard("{Escape}");
    await screen.findByRole("dialog", { name: "Leave without saving?" });
    expect(router.state.location.search).toEqual({ open: 17, edit: true });
    await user.click(await button("Leave without saving"));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
  });

  test("is blocked by hand, which can be undone", async () => {
    having(aClient());
    const calls: string[] = [];
    server.use(
      http.post(at("/suppressions"), async ({ request }) => {
        calls.push(JSON.stringify(await request.json()));
        return HttpResponse.json({ id: 5, email: "boris@example.com" }, { status: 201 });
      }),
      http.delete(at("/suppressions/5"), () => {
        calls.push("undone");
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user } = await visitSignedIn("/clients?open=17");
    await user.click(await button("Block"));
    const dialog = await screen.findByRole("dialog", { name: "Send nothing more to boris@example.com?" });
    await user.click(within(dialog).getByRole("button", { name: "Block" }));
    await user.click(await button("Undo"));
    await waitFor(() =>
      expect(calls).toEqual(['{"email":"boris@example.com","reason":"blocked","note":""}', "undone"]),
    );
  });

  test("is erased only after its address was typed, and the consequence has its number", async () => {
    having(aClient());
    let erased: string | null = null;
    server.use(
      http.delete(at("/clients/17"), ({ request }) => {
        erased = new URL(request.url).searchParams.get("erase");
        return new HttpResponse(null, { status: 204 });
      }),
    );
    const { user, router } = await visitSignedIn("/clients?open=17");
    await user.click(await button("Delete and erase"));
    const dialog = within(await screen.findByRole("dialog", { name: /and erase the address/ }));
    expect(dialog.getByText(/the reports of 3 mails becomes a code/)).toBeInTheDocument();
    await user.type(dialog.getByRole("textbox"), "boris@example.com{Enter}");
    await waitFor(() => expect(router.state.location.search).toEqual({}));
    expect(erased).toBe("true");
  });

  test("that was deleted is not there on Back", async () => {
    having(aClient());
    let there = true;
    server.use(
      http.delete(at("/clients/17"), () => {
        there = false;
        return new HttpResponse(null, { status: 204 });
      }),
      http.get(at("/clients/17"), () => (there ? versionedJson(aClient() as never, '"1"') : problem(404))),
    );
    const { user, router } = await visitSignedIn("/clients?open=17");
    await user.click(await button("Delete"));
    const dialog = within(await screen.findByRole("dialog", { name: /^Delete / }));
    await user.click(dialog.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
    act(() => router.history.back());
    const panel = within(await screen.findByRole("dialog"));
    await panel.findByText("This does not exist, or no longer.");
    expect(panel.queryByRole("button", { name: "Edit" })).toBeNull();
  });
});

describe("many clients", () => {
  const twelve = Array.from({ length: 12 }, (_, n) => aClient({ id: n + 1, email: `c${n + 1}@example.com` }));

  /** Answers steps of at most five; remembers what was asked. */
  function bulk() {
    const sent: BulkChange[] = [];
    server.use(
      http.post(at("/clients/bulk"), async ({ request }) => {
        const body = (await request.json()) as BulkChange;
        sent.push(body);
        if (body.ids) return HttpResponse.json({ done: 2, changed: 2, refused: 0, next_cursor: null });
        const next = { undefined: "a", a: "b", b: null }[String(body.cursor)] ?? null;
        return HttpResponse.json({ done: 5, changed: 5, refused: 0, next_cursor: next });
      }),
    );
    return sent;
  }

  test("that were selected are tagged", async () => {
    having(...twelve);
    const sent = bulk();
    const { user } = await visitSignedIn("/clients");
    await user.click(await screen.findByRole("checkbox", { name: "Select c1@example.com" }));
    await user.click(screen.getByRole("checkbox", { name: "Select c2@example.com" }));
    await user.click(await button("Add tags"));
    const dialog = within(await screen.findByRole("dialog", { name: "Add tags to 2 clients" }));
    await user.type(dialog.getByRole("combobox", { name: "Tags" }), "vip{Enter}");
    const confirm = dialog.getByRole("button", { name: "Tag 2 clients" });
    await act(async () => {
      confirm.click();
      confirm.click();
    });
    await screen.findByText("2 clients changed.");
    expect(sent).toEqual([{ add_tags: ["vip"], ids: [1, 2] }]);
    expect(screen.queryByRole("region", { name: "Selected rows" })).not.toBeInTheDocument();
  });

  test("all that the filter finds but one are deleted in steps while one goes on, and a step that failed can be gone on from", async () => {
    having(...twelve);
    const sent = bulk();
    const { user, router } = await visitSignedIn("/clients?tag=old");
    server.use(
      http.get(at("/clients"), ({ request }) =>
        HttpResponse.json({
          items: twelve,
          next_cursor: null,
          ...(new URL(request.url).searchParams.has("with_total") && { total: 16 }),
        }),
      ),
    );
    await user.click(await screen.findByRole("checkbox", { name: "Select all rows shown" }));
    await user.click(await button(/Select all 16 found/));
    await user.click(screen.getByRole("checkbox", { name: "Select c3@example.com" }));
    await user.click(await button("Delete"));
    const dialog = within(await screen.findByRole("dialog", { name: "Delete 15 clients?" }));
    // The first step fails for a moment, the second for good.
    let tries = 0;
    server.use(
      http.post(at("/clients/bulk"), () => {
        tries++;
        return tries === 1 ? problem(503) : tries === 3 ? problem(403) : undefined;
      }),
    );
    await user.click(dialog.getByRole("button", { name: "Delete 15 clients" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    const running = await screen.findByRole("region", { name: "Clients done" });
    await within(running).findByRole("progressbar", { name: "Clients done" });
    const leaving = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
    await router.navigate({ to: "/mailings" });
    expect(leaving()).toBe(true);
    await waitFor(() => expect(sent).toHaveLength(1), { timeout: 3_000 });
    await screen.findByText(/It stopped after 5/, {}, { timeout: 3_000 });
    expect(leaving()).toBe(false);
    await user.click(await button("Go on"));
    await screen.findByText("15 clients deleted.");
    const which = { delete: true, filter: { q: "", tag: "old" }, except_ids: [3] };
    expect(sent).toEqual([which, { ...which, cursor: "a" }, { ...which, cursor: "b" }]);
  });
});
