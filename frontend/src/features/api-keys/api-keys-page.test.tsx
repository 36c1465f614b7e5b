import { act, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { ApiKey } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";
import { LANGUAGES, samples } from "./samples";

const aKey = (more: Partial<ApiKey> = {}): ApiKey => ({
  id: 4,
  name: "The shop",
  prefix: "prk_4fGh81Ab",
  scopes: ["clients:read", "clients:write"],
  expires_at: null,
  last_used_at: "2026-11-28T12:00:00Z",
  created_at: "2026-11-01T12:00:00Z",
  ...more,
});

const KEY = "prk_4fGh81Ab_secret";
let keys: ApiKey[] = [];

beforeEach(() => {
  keys = [];
  server.use(http.get(at("/api-keys"), () => HttpResponse.json({ items: keys, next_cursor: null })));
});

test("a key is made with what was chosen, and shown once", async () => {
  let sent: { name?: string; scopes?: string[]; expires_at?: string } = {};
  server.use(
    http.post(at("/api-keys"), async ({ request }) => {
      sent = (await request.json()) as typeof sent;
      keys = [aKey()];
      return HttpResponse.json({ ...aKey(), key: KEY }, { status: 201 });
    }),
  );
  const { user, router } = await visitSignedIn("/account/api-keys");
  await screen.findByRole("heading", { name: "No keys yet" });
  await user.click(screen.getAllByRole("button", { name: "New key" })[0] as HTMLElement);
  const panel = await screen.findByRole("dialog", { name: "New API key" });
  expect(within(panel).queryByRole("checkbox", { name: /System/ })).not.toBeInTheDocument();
  await user.type(within(panel).getByLabelText("Name"), "The shop");
  await user.click(within(panel).getByRole("checkbox", { name: "Clients: Read" }));
  await user.click(within(panel).getByRole("checkbox", { name: "Mailings: Send" }));
  await user.selectOptions(within(panel).getByRole("combobox", { name: "Good for" }), "30 days");
  await user.click(within(panel).getByRole("button", { name: "Make the key" }));

  const shown = await screen.findByRole("dialog", { name: "The key of The shop" });
  expect(sent).toMatchObject({ name: "The shop", scopes: ["clients:read", "mailings:send"] });
  const days = (Date.parse(sent.expires_at ?? "") - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
  within(shown).getByText(KEY);
  within(shown).getByText(/cannot be read again/);
  // A slip of the hand does not lose it.
  await user.keyboard("{Escape}");
  within(shown).getByText(KEY);
  await user.click(within(shown).getByRole("tab", { name: "Python" }));
  await within(shown).findByText(/urllib\.request/);
  await user.click(within(shown).getByRole("button", { name: "I have kept the key" }));
  await waitFor(() => expect(screen.queryByText(KEY)).not.toBeInTheDocument());
  await screen.findByText("prk_4fGh81Ab_…");
  await act(async () => router.history.back());
  expect(router.state.location.search).toEqual({});
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("nothing chosen is told before anything is sent, and what the server says stands in the form", async () => {
  server.use(
    http.post(at("/api-keys"), () =>
      problem(409, { detail: "an account has at most 50 API keys; revoke one first" }),
    ),
  );
  const { user } = await visitSignedIn("/account/api-keys?open=new");
  const panel = await screen.findByRole("dialog", { name: "New API key" });
  await user.click(within(panel).getByRole("button", { name: "Make the key" }));
  within(panel).getByText("Choose at least one.");
  expect(within(panel).getByLabelText("Name")).toHaveAccessibleDescription(/Please fill this in\./);
  await user.type(within(panel).getByLabelText("Name"), "The shop");
  await user.click(within(panel).getByRole("checkbox", { name: "Clients: Read" }));
  await user.click(within(panel).getByRole("button", { name: "Make the key" }));
  expect(await within(panel).findByRole("alert")).toHaveTextContent("at most 50");
  expect(within(panel).getByLabelText("Name")).toHaveValue("The shop");
});

test("a superuser is offered what is for superusers", async () => {
  server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })));
  await visitSignedIn("/account/api-keys?open=new");
  await screen.findByRole("checkbox", { name: "System and metrics: Read" });
});

test("a key is revoked after its consequence was read", async () => {
  keys = [aKey(), aKey({ id: 3, name: "Old", expires_at: "2026-01-01T00:00:00Z", last_used_at: null })];
  const revoked: unknown[] = [];
  server.use(
    http.delete(at("/api-keys/:id"), ({ params }) => {
      revoked.push(params.id);
      keys = keys.filter(({ id }) => String(id) !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await visitSignedIn("/account/api-keys");
  const old = (await screen.findByText("Old")).closest("li") as HTMLElement;
  within(old).getByText("Expired");
  await user.click(screen.getByRole("button", { name: "Revoke The shop" }));
  const asked = await screen.findByRole("dialog", { name: "Revoke the key of The shop?" });
  within(asked).getByText(/refused from its next request on/);
  await user.click(within(asked).getByRole("button", { name: "Revoke" }));
  await waitFor(() => expect(screen.queryByText("The shop")).not.toBeInTheDocument());
  expect(revoked).toEqual(["4"]);
});

test("the code calls the real address, something that the key may do, and holds the key once", () => {
  const base = "https://mail.example.com/api/v1";
  for (const language of LANGUAGES) {
    expect(samples(base, KEY, ["mailings:send"])[language]).toContain(`${base}/me`);
    expect(samples(base, KEY, ["reports:read"])[language]).toContain(`${base}/reports?limit=10`);
  }
  expect(Object.values(samples(base, KEY, [])).filter((code) => code.includes(KEY))).toHaveLength(1);
});
