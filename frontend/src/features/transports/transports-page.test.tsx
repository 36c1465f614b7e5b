import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { TransportSettings } from "@/api/types";
import { chooseLanguage } from "@/i18n";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server, versionedJson } from "@/test/server";

const provider: TransportSettings = {
  id: 2,
  name: "The provider",
  host: "smtp.example.com",
  port: 587,
  tls: "required",
  username: "postrider",
  has_password: true,
  bounce: "",
  connections: 10,
  limits: { per_second: null, per_minute: null, per_hour: null, per_day: 50_000 },
  enabled: true,
  order: 0,
  state: "ok",
  until: null,
  reason: "",
  answer: "",
  created_at: "2026-11-01T12:00:00Z",
  updated_at: "2026-11-01T12:00:00Z",
};

function having(...rows: TransportSettings[]) {
  const sent: unknown[] = [];
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/transports"), () => HttpResponse.json({ items: rows, next_cursor: null })),
    http.get(at("/transports/:id"), ({ params }) =>
      versionedJson(rows.find(({ id }) => id === Number(params.id)) as never, '"1"'),
    ),
    http.patch(at("/transports/:id"), async ({ request, params }) => {
      sent.push({ id: Number(params.id), ...((await request.json()) as object) });
      return versionedJson(rows[0] as never, '"2"');
    }),
  );
  return sent;
}

test("a preset fills in port and protection, and the new one is tried where it opens", async () => {
  having();
  let sent: unknown;
  server.use(
    http.post(at("/transports"), async ({ request }) => {
      sent = await request.json();
      having(provider);
      return versionedJson(provider as never, '"1"', 201);
    }),
  );
  const { user, router } = await visitSignedIn("/admin/transports");
  await screen.findByRole("heading", { name: "No transports yet" });
  await user.click(screen.getByRole("link", { name: "Add a transport" }));
  await user.click(await screen.findByRole("radio", { name: "TLS from the start, 465" }));
  await user.type(screen.getByLabelText("Name"), "The provider");
  await user.type(screen.getByLabelText("Server"), "smtp.example.com");
  await user.click(screen.getByRole("button", { name: "Create the transport" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ open: 2 }));
  expect(sent).toMatchObject({ host: "smtp.example.com", port: 465, tls: "implicit", enabled: true });
  await screen.findByText(/^The provider is in use within two seconds\. Check here/);
});

test("the server of the settings is named below the list, as what is tried last", async () => {
  const listing = (...items: TransportSettings[]) =>
    http.get(at("/transports"), () =>
      HttpResponse.json({ items, next_cursor: null, default: { host: "relay.example.com", port: 25 } }),
    );
  having(provider);
  server.use(listing(provider));
  await visitSignedIn("/admin/transports");
  await screen.findByText(
    "Last of all: relay.example.com:25, the server of the settings (POSTRIDER_SMTP_URL).",
  );
  cleanup();
  server.use(listing());
  await visitSignedIn("/admin/transports");
  await screen.findByText(/^All mail goes by relay\.example\.com:25/);
  cleanup();
  having(provider);
  await visitSignedIn("/admin/transports");
  await screen.findByRole("link", { name: "The provider" });
  expect(screen.queryByText(/POSTRIDER_SMTP_URL/)).toBeNull();
});

test("the limits stand below their heading", async () => {
  having(provider);
  await visitSignedIn("/admin/transports?open=2");
  const limits = within(await screen.findByRole("group", { name: "Limits" }));
  expect(limits.getByLabelText("A day")).toHaveValue("50000");
});

test("a rest whose end has come is said to be tried when it is wanted", async () => {
  const until = new Date(Date.now() + 1_500).toISOString();
  having({ ...provider, state: "resting", reason: "connection", until });
  await visitSignedIn("/admin/transports");
  const row = await screen.findByRole("row", { name: /The provider/ });
  within(row).getByText(/Next try:/);
  await within(row).findByText(/tried again as soon as a mailing wants it/, undefined, { timeout: 3_000 });
  expect(within(row).queryByText(/Next try:/)).toBeNull();
});

test("the reason of a rest is left out at no width", async () => {
  having({ ...provider, state: "resting", reason: "connection", until: null });
  await visitSignedIn("/admin/transports");
  const heads = await screen.findAllByRole("columnheader");
  const narrow = heads.filter((head) => !head.className.includes("visible-from"));
  expect(narrow.map((head) => head.textContent)).toEqual(["Name", "State", "Because", "Server", "Order"]);
});

test("a kept password stays unless another is given, and is asked for again for another server", async () => {
  const sent = having(provider);
  const errors = [{ field: "password", code: "required", message: "Give the password again." }];
  const { user } = await visitSignedIn("/admin/transports?open=2");
  const host = await screen.findByLabelText("Server");
  const again = /the password must be given again/;
  const port = screen.getByLabelText("Port");
  await user.clear(port);
  await user.type(port, "2525");
  await screen.findByText(again);
  await user.clear(port);
  await user.type(port, String(provider.port));
  await waitFor(() => expect(screen.queryByText(again)).toBeNull());
  await user.clear(host);
  await user.type(host, "other.example.com");
  await screen.findByText(/the password must be given again/);
  server.use(http.patch(at("/transports/2"), () => problem(422, { errors }), { once: true }));
  await user.click(screen.getByRole("button", { name: "Save the transport" }));
  await waitFor(() =>
    expect(screen.getByLabelText("Password")).toHaveAccessibleDescription(/Give the password again\./),
  );
  await user.type(screen.getByLabelText("Password"), "secret");
  await user.click(screen.getByRole("button", { name: "Save the transport" }));
  await waitFor(() => expect(sent.at(-1)).toMatchObject({ host: "other.example.com", password: "secret" }));
});

test("the open panel says how it stands now, and keeps what is typed in it", async () => {
  having(provider);
  const { user, queries } = await visitSignedIn("/admin/transports?open=2");
  const panel = within(await screen.findByRole("dialog"));
  await panel.findByText("In use");
  await user.type(panel.getByLabelText("Name"), " 2");
  const until = new Date(Date.now() + 60_000).toISOString();
  having({ ...provider, state: "resting", reason: "connection", until, answer: "421 Not now" });
  server.use(http.get(at("/transports/2"), () => problem(500)));
  await act(() => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes("all") }));
  await panel.findByText("421 Not now");
  expect(panel.queryByText("In use")).toBeNull();
  expect(panel.getByLabelText("Name")).toHaveValue("The provider 2");
});

test("a check shows how far it came and what the server said", async () => {
  having(provider);
  server.use(
    http.post(at("/transports/2/check"), () =>
      HttpResponse.json({
        ok: false,
        phase: "auth",
        code: 535,
        enhanced: "5.7.8",
        response: "Who are you?",
        extensions: ["PIPELINING"],
        tls: "TLS 1.3",
        duration_ms: 12,
      }),
    ),
  );
  const { user } = await visitSignedIn("/admin/transports?open=2");
  await user.click(await screen.findByRole("button", { name: "Check" }));
  await screen.findByText("535 5.7.8 Who are you?");
  const steps = screen.getAllByRole("listitem").map(({ textContent }) => textContent);
  expect(steps).toEqual([
    "Connection done",
    "Greeting (EHLO) done",
    "Protection (STARTTLS) done",
    "Login stopped here",
  ]);
});

test.each([
  ["dial tcp 127.0.0.1:25: connect: connection refused", /никто не отвечает/],
  [
    "dial tcp 169.254.1.1:25: no mail server is at 169.254.1.1: the address is link-local, a cloud's own, multicast or empty",
    /почтового сервера не бывает/,
  ],
  ['the server does not speak SMTP: "HTTP/1.1 400 Bad Request"', /не говорит на SMTP/],
  ["dial tcp: lookup mail.example.com on 10.0.0.1:53: no such host", /сервера с таким именем нет/i],
  ["the server closed the connection", /Сервер закрыл соединение/],
  ["TLS: x509: certificate has expired", /TLS.*: x509: certificate has expired/],
])("what we note ourselves at a check is not told as the server's words: %s", async (response, words) => {
  having(provider);
  server.use(
    http.post(at("/transports/2/check"), () =>
      HttpResponse.json({
        ok: false,
        phase: "connect",
        code: 0,
        enhanced: "",
        response,
        extensions: [],
        tls: "",
        duration_ms: 1,
      }),
    ),
  );
  await chooseLanguage("ru");
  const { user } = await visitSignedIn("/admin/transports?open=2");
  await user.click(await screen.findByRole("button", { name: "Проверить" }));
  const shown = await screen.findByText(words);
  expect(shown).not.toHaveTextContent(/dial|lookup/);
  expect(shown.closest("code")).toBeNull();
});

test("a resting one says until when and why, and moving down changes both places", async () => {
  const second = { ...provider, id: 3, name: "Second", order: 1 };
  const until = new Date(Date.now() + 60_000).toISOString();
  const sent = having({ ...provider, state: "resting", reason: "connection", until }, second);
  const { user } = await visitSignedIn("/admin/transports");
  const row = await screen.findByRole("row", { name: /The provider/ });
  within(row).getByText(/cannot be reached/);
  await user.click(within(row).getByRole("button", { name: "Move The provider down" }));
  await waitFor(() => expect(sent).toEqual([{ id: 2, order: 2 }]));
});

test("one that a mailing has chosen is not deleted, and the dialog says why", async () => {
  having(provider);
  server.use(
    http.delete(at("/transports/2"), () =>
      problem(409, { detail: "2 unfinished mailings have chosen this transport." }),
    ),
  );
  const { user } = await visitSignedIn("/admin/transports?open=2");
  await user.click(await screen.findByRole("button", { name: "Delete" }));
  const asked = await screen.findByRole("dialog", { name: "Delete The provider?" });
  await user.click(within(asked).getByRole("button", { name: "Delete" }));
  expect(await within(asked).findByRole("alert")).toHaveTextContent("2 unfinished mailings");
});
