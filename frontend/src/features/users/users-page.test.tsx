import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { User } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server, versionedJson } from "@/test/server";

const boris: User = { ...anna, id: 9, email: "boris@example.com", full_name: "Boris" };

/** Boris among the accounts, seen by Anna with these rights. */
function seenBy(rights: Partial<User>, more: Partial<User> = {}) {
  const seen = { asked: [] as string[], sent: [] as unknown[] };
  const row = { ...boris, ...more };
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })),
    http.get(at("/users"), ({ request }) => {
      seen.asked.push(new URL(request.url).search);
      return HttpResponse.json({ items: [row], next_cursor: null, total: 1 });
    }),
    http.get(at("/users/9"), () => versionedJson(row as never, '"1"')),
    http.patch(at("/users/9"), async ({ request }) => {
      const body = (await request.json()) as object;
      seen.sent.push(body);
      return versionedJson({ ...row, ...body } as never, '"2"');
    }),
    http.get(at("/groups"), () =>
      HttpResponse.json({
        items: [{ id: 1, name: "manager", members: 2, permissions: ["clients.view_all"] }],
        next_cursor: null,
      }),
    ),
    http.get(at("/messages"), () => HttpResponse.json({ items: [], next_cursor: null, total: 2 })),
    http.get(at("/mailings"), () => HttpResponse.json({ items: [], next_cursor: null, total: 3 })),
  );
  return seen;
}

const manager = { is_staff: true, permissions: ["users.view_all"] };
const root = { is_superuser: true };
const dialog = (name: string) => screen.findByRole("dialog", { name });

test("the filters of the address are those of the API", async () => {
  const { asked } = seenBy(manager);
  await visitSignedIn("/admin/users?q=bor&state=blocked&role=plain&group=manager");
  await screen.findByText("boris@example.com");
  expect(Object.fromEntries(new URLSearchParams(asked[0]))).toEqual({
    q: "bor",
    is_active: "false",
    is_staff: "false",
    is_superuser: "false",
    group: "manager",
    limit: "50",
    with_total: "true",
  });
});

test("a manager looks and finds nothing that changes", async () => {
  seenBy(manager);
  const { user } = await visitSignedIn("/admin/users");
  await user.click(await screen.findByRole("link", { name: "boris@example.com" }));
  const panel = await dialog("Boris");
  await within(panel).findByText(/A superuser changes them/);
  expect(within(panel).getAllByRole("button")).toHaveLength(1); // closes the panel
});

test("who has not the right is told so", async () => {
  await visitSignedIn("/admin/users");
  await screen.findByRole("heading", { name: "This page is not for your account" });
});

test("whose right was taken away meanwhile is told so, and the navigation follows", async () => {
  seenBy(manager);
  await visitSignedIn("/admin/users");
  await screen.findByRole("link", { name: "boris@example.com" });
  await screen.findByRole("link", { name: "Users" });
  server.use(
    http.get(at("/me"), () => HttpResponse.json(anna)),
    http.get(at("/users"), () => problem(403)),
  );
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "bo" } });
  await screen.findByText("You are not allowed to do this.");
  await waitFor(() => expect(screen.queryByRole("link", { name: "Users" })).not.toBeInTheDocument());
});

test("a superuser makes a manager", async () => {
  const { sent } = seenBy(root);
  const { user } = await visitSignedIn("/admin/users?open=9");
  await user.click(await screen.findByRole("checkbox", { name: "manager" }));
  await screen.findByText(/Without staff status the groups give no rights/);
  await user.click(screen.getByRole("switch", { name: /^Staff/ }));
  await user.click(screen.getByRole("button", { name: "Save the rights" }));
  await waitFor(() =>
    expect(sent).toEqual([
      {
        is_staff: true,
        is_superuser: false,
        groups: ["manager"],
        quota_clients: null,
        quota_mails_per_day: null,
      },
    ]),
  );
});

test("a superuser sets quotas, and an empty field is no limit", async () => {
  const { sent } = seenBy(root, { quota_clients: 10 });
  const { user } = await visitSignedIn("/admin/users?open=9");
  const clients = await screen.findByRole("textbox", { name: "Clients" });
  expect(clients).toHaveValue("10");
  await user.clear(clients);
  await user.type(screen.getByRole("textbox", { name: "Mails a day" }), "500");
  await user.click(screen.getByRole("button", { name: "Save the rights" }));
  await waitFor(() => expect(sent).toMatchObject([{ quota_clients: null, quota_mails_per_day: 500 }]));
});

test("what is no quota is said at its field and stays as it was typed", async () => {
  const { sent } = seenBy(root);
  const { user } = await visitSignedIn("/admin/users?open=9");
  const clients = await screen.findByRole("textbox", { name: "Clients" });
  const mails = screen.getByRole("textbox", { name: "Mails a day" });
  await user.type(clients, "-5");
  await user.type(mails, "1e3");
  await user.click(screen.getByRole("button", { name: "Save the rights" }));
  expect(await screen.findAllByText(/^A whole number/)).toHaveLength(2);
  expect(clients).toHaveValue("-5");
  expect(clients).toHaveFocus();
  expect(mails).toHaveValue("1e3");
  await user.clear(clients);
  await user.clear(mails);
  await user.type(mails, "1 000");
  await user.click(screen.getByRole("button", { name: "Save the rights" }));
  await waitFor(() => expect(sent).toMatchObject([{ quota_clients: null, quota_mails_per_day: 1000 }]));
});

test("blocking says what goes on, with its number", async () => {
  const { sent } = seenBy(root);
  const { user } = await visitSignedIn("/admin/users?open=9");
  await user.click(await screen.findByRole("button", { name: "Block" }));
  const asked = await dialog("Block boris@example.com?");
  await within(asked).findByText(/^6 mailings of this account are scheduled or being sent/);
  await user.click(within(asked).getByRole("button", { name: "Block" }));
  await waitFor(() => expect(sent).toEqual([{ is_active: false }]));
});

test("the last superuser stays, and the dialog says why", async () => {
  seenBy(root, { is_superuser: true });
  server.use(
    http.patch(at("/users/9"), () => problem(409, { detail: "This is the last active superuser." })),
  );
  const { user } = await visitSignedIn("/admin/users?open=9");
  await user.click(await screen.findByRole("button", { name: "Block" }));
  const asked = await dialog("Block boris@example.com?");
  await user.click(within(asked).getByRole("button", { name: "Block" }));
  expect(await within(asked).findByRole("alert")).toHaveTextContent("This is the last active superuser.");
});

test("an account with data is blocked instead of deleted, and says so before and after", async () => {
  seenBy(root);
  server.use(http.delete(at("/users/9"), () => new HttpResponse(null, { status: 204 })));
  const { user } = await visitSignedIn("/admin/users?open=9");
  await user.click(await screen.findByRole("button", { name: "Delete the account" }));
  const asked = await dialog("Delete boris@example.com?");
  await within(asked).findByText(/owns clients: 0, messages: 2, mailings: 3/);
  await user.type(within(asked).getByRole("textbox"), "boris@example.com");
  await user.click(within(asked).getByRole("button", { name: "Delete the account" }));
  await screen.findByText("boris@example.com owns data and was blocked instead");
});
