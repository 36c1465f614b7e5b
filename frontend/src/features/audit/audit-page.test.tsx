import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { AuditEvent } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";

const anEvent = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: 5,
  at: "2026-11-20T06:00:00Z",
  actor_id: 7,
  actor_email: "anna@example.com",
  key_id: null,
  action: "user.changed",
  object_type: "user",
  object_id: 9,
  object_name: "boris@example.com",
  details: { is_staff: { was: false, is: true } },
  ip: "192.0.2.1",
  request_id: "req-17",
  ...more,
});

/** A superuser's log of these events; says what was asked of it. */
function telling(events: AuditEvent[]) {
  const asked: Record<string, string>[] = [];
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/audit"), ({ request }) => {
      const { limit: _, ...query } = Object.fromEntries(new URL(request.url).searchParams);
      asked.push(query);
      return HttpResponse.json({ items: events, next_cursor: null });
    }),
    http.get(at("/audit/:id"), ({ params }) => {
      const found = events.find(({ id }) => id === Number(params.id));
      return found ? HttpResponse.json(found) : problem(404);
    }),
  );
  return asked;
}

test("an event tells who, what was and what is, and leads to what is like it", async () => {
  const asked = telling([anEvent()]);
  const { user } = await visitSignedIn("/admin/audit");
  await user.click(await screen.findByRole("link", { name: "Rights of a user changed" }));
  const panel = await screen.findByRole("dialog", { name: "Rights of a user changed" });
  await within(panel).findByText("is_staff");
  within(panel).getByText("req-17");
  expect(within(panel).getByRole("row", { name: /is_staff was false is true/ })).toBeInTheDocument();
  expect(within(panel).getByRole("link", { name: /boris@example.com/ })).toHaveAttribute(
    "href",
    "/admin/users?open=9",
  );
  await user.click(within(panel).getByRole("link", { name: "All they did" }));
  await waitFor(() => expect(asked.at(-1)).toEqual({ actor_id: "7" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test.each([
  ["mailing", "Spring fair", "/mailings/9"],
  ["client", "№ 9", "/clients?open=9"],
  ["group", "manager", "/admin/groups"],
  ["transport", "Relay", "/admin/transports?open=9"],
])("a %s of an event is a way there", async (type, name, href) => {
  telling([anEvent({ object_type: type, object_name: type === "client" ? "" : name })]);
  await visitSignedIn("/admin/audit?open=5");
  const link = await within(await screen.findByRole("dialog")).findByRole("link", {
    name: new RegExp(name),
  });
  expect(link).toHaveAttribute("href", href);
});

test("the filters of the address are what is asked for, days in the person's zone", async () => {
  const asked = telling([anEvent()]);
  await visitSignedIn(
    "/admin/audit?action=mailing.started&object=mailing:12&from=2026-11-01&to=2026-11-01&q=anna",
  );
  await screen.findByRole("table");
  expect(asked.at(-1)).toEqual({
    action: "mailing.started",
    object: "mailing:12",
    q: "anna",
    from: "2026-10-31T21:00:00.000Z",
    to: "2026-11-01T21:00:00.000Z",
  });
});

test("choosing what was done narrows the list, and nothing found says so", async () => {
  const asked = telling([]);
  const { user } = await visitSignedIn("/admin/audit");
  await user.selectOptions(await screen.findByLabelText("What was done"), "Sign-in failed");
  await waitFor(() => expect(asked.at(-1)).toEqual({ action: "auth.sign_in_failed" }));
  await screen.findByText("Nothing was recorded that fits these filters.");
});

test("who had not signed in, and what no person did, have their words", async () => {
  telling([
    anEvent({
      id: 6,
      actor_id: null,
      actor_email: "",
      action: "auth.sign_in_failed",
      object_type: "",
      object_id: null,
    }),
    anEvent({ id: 7, actor_id: null, actor_email: "", action: "user.created", ip: "", request_id: "" }),
  ]);
  await visitSignedIn("/admin/audit");
  await screen.findByRole("row", { name: /Sign-in failed.*Not signed in/ });
  screen.getByRole("row", { name: /User created by a command.*The installation/ });
});

test("the page is for superusers", async () => {
  await visitSignedIn("/admin/audit");
  await screen.findByRole("heading", { name: "This page is not for your account" });
});

test("an event that is not there says so in the panel", async () => {
  telling([anEvent()]);
  await visitSignedIn("/admin/audit?open=99");
  await within(await screen.findByRole("dialog")).findByRole("alert");
});
