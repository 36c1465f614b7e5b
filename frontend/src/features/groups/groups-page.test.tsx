import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server, versionedJson } from "@/test/server";

function having(...names: string[]) {
  const sent: unknown[] = [];
  const groups = names.map((name, index) => ({
    id: index + 1,
    name,
    members: 2,
    permissions: ["clients.view_all"],
  }));
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/groups"), () => HttpResponse.json({ items: groups, next_cursor: null })),
    http.get(at("/groups/:id"), ({ params }) => versionedJson(groups[Number(params.id) - 1] as never, '"4"')),
    http.patch(at("/groups/:id"), async ({ request }) => {
      sent.push({ etag: request.headers.get("If-Match"), ...((await request.json()) as object) });
      return HttpResponse.json(groups[0]);
    }),
  );
  return sent;
}

test("a tick gives the right, next to those that were there, and can be taken back", async () => {
  const sent = having("manager", "support");
  const { user } = await visitSignedIn("/admin/groups");
  await user.click(await screen.findByRole("checkbox", { name: "support: Block users" }));
  await waitFor(() =>
    expect(sent).toEqual([
      { etag: '"4"', name: "support", permissions: ["clients.view_all", "users.block"] },
    ]),
  );
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => expect(sent).toHaveLength(2));
});

test("the built-in group has no acts; another is deleted after its members were counted", async () => {
  having("manager", "support");
  let gone = false;
  server.use(
    http.delete(at("/groups/2"), () => {
      gone = true;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await visitSignedIn("/admin/groups");
  await user.click(await screen.findByRole("button", { name: "Actions for support" }));
  expect(screen.queryByRole("button", { name: "Actions for manager" })).not.toBeInTheDocument();
  await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
  const asked = await screen.findByRole("dialog", { name: "Delete the group support?" });
  within(asked).getByText("2 members lose what the group allows, at once.");
  await user.click(within(asked).getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(gone).toBe(true));
});

test("a name that is taken is said at the name", async () => {
  having();
  server.use(
    http.post(at("/groups"), () => problem(409, { detail: "There is a group with this name already." })),
  );
  const { user } = await visitSignedIn("/admin/groups");
  await screen.findByRole("heading", { name: "No groups yet" });
  await user.click(screen.getAllByRole("button", { name: "New group" })[0] as HTMLElement);
  const name = await screen.findByLabelText("Name of the group");
  await user.type(name, "manager{Enter}");
  await waitFor(() => expect(name).toHaveAccessibleDescription("There is a group with this name already."));
});
