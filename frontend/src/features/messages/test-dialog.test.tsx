import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { TestMail } from "@/api/types";
import { chooseLanguage } from "@/i18n";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";

const waiting: TestMail = {
  id: 31,
  to: anna.email,
  state: "waiting",
  reason: "",
  attempts: 0,
  code: 0,
  enhanced: "",
  response: "",
  next_at: null,
  created_at: "2026-11-01T12:00:00Z",
  ended_at: null,
};

let asked: string[];

beforeEach(() => {
  asked = [];
  const message = {
    id: 4,
    owner_id: anna.id,
    name: "Fair",
    subject: "Come",
    html: "<p>Come</p>",
    text: "",
    created_at: "2026-11-01T12:00:00Z",
    updated_at: "2026-11-01T12:00:00Z",
  };
  server.use(
    http.get(at("/messages/4"), () => HttpResponse.json(message, { headers: { ETag: '"1"' } })),
    http.post(at("/messages/preview"), () =>
      HttpResponse.json({ subject: "Come", html: "<p>Come</p>", text: "Come", missing: [] }),
    ),
    http.post(at("/messages/4/test"), () => HttpResponse.json({ id: 31 }, { status: 202 })),
    http.get(at("/inbox"), ({ request }) => {
      asked.push(new URL(request.url).search);
      return problem(404);
    }),
  );
});

/** Sends the test, of which the server tells these one after another, the last for ever. */
async function sent(...told: Partial<TestMail>[]) {
  server.use(
    http.get(at("/test-mails/31"), () =>
      HttpResponse.json({ ...waiting, ...(told.length > 1 ? told.shift() : told[0]) }),
    ),
  );
  const { user } = await visitSignedIn("/messages/4");
  await user.click(await screen.findByRole("button", { name: /^(Test mail|Пробное письмо)$/ }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.click(dialog.getByRole("button", { name: /^(Send the test|Отправить пробное)$/ }));
  return dialog;
}

test("a real mail server took the test: its answer is shown, and no inbox is asked for the mail", async () => {
  const dialog = await sent(
    {},
    { state: "sent", attempts: 1, code: 250, enhanced: "2.0.0", response: "Queued" },
  );
  await dialog.findByText(/^On its way to anna@example\.com\./);
  await dialog.findByText(/took it for anna@example\.com/, undefined, { timeout: 3_000 });
  dialog.getByText("250 2.0.0 Queued");
  expect(asked.filter((query) => query.includes("q="))).toEqual([]);
});

test("a real mail server refused the test: its code and words are shown", async () => {
  const dialog = await sent({ state: "failed", attempts: 1, code: 550, enhanced: "5.1.1", response: "Who?" });
  await dialog.findByText(/^The mail server refused it/);
  dialog.getByText("550 5.1.1 Who?");
  dialog.getByRole("button", { name: "Send it again" });
});

test("a test that no server answers says that it waits, why and until when", async () => {
  const response = "dial tcp 127.0.0.1:25: connect: connection refused";
  const next_at = new Date(Date.now() + 60_000).toISOString();
  const dialog = await sent({ attempts: 1, response, next_at });
  await dialog.findByText(/not sent yet: the mail server gave no answer/);
  dialog.getByText(/^Nobody listens at this address and port/);
  expect(dialog.getByText(/tried again by itself/)).toHaveTextContent(/\d\d:\d\d/);
  expect(dialog.queryByText(/dial tcp/)).toBeNull();
  expect(dialog.queryByRole("link", { name: "Look at the transports" })).toBeNull();
});

test.each([
  ["no_worker", /не запущен ни один обработчик/, "Посмотреть состояние системы"],
  ["no_transport", /нет включённого транспорта/, "Посмотреть транспорты"],
  ["transport_down", /почтовый сервер недоступен/, "Посмотреть транспорты"],
  ["smtp_auth", /не принимает наш логин/, "Посмотреть транспорты"],
  ["transport_limit", /достигнут предел транспорта/, "Посмотреть транспорты"],
])("why a test waits is told, and a superuser is led there: %s", async (reason, words, place) => {
  server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, locale: "ru", is_superuser: true })));
  await chooseLanguage("ru");
  const dialog = await sent({ reason });
  await dialog.findByText(words);
  dialog.getByRole("link", { name: place });
});

test("a captured test can be opened", async () => {
  const taken = { state: "sent", attempts: 1, code: 250, response: "Kept" } as const;
  const capturing = (mails: object[]) =>
    server.use(
      http.get(at("/inbox"), ({ request }) => {
        const items = new URL(request.url).searchParams.has("q") ? mails : [];
        return HttpResponse.json({ items, next_cursor: null });
      }),
    );
  capturing([]);
  const dialog = await sent({}, taken);
  await dialog.findByText(/On its way/);
  capturing([{ id: 12 }]);
  expect(await dialog.findByRole("link", { name: "Open it" }, { timeout: 3_000 })).toHaveAttribute(
    "href",
    "/inbox?open=12",
  );
});

test("where mails are captured, one that left by a transport is told as sent", async () => {
  server.use(http.get(at("/inbox"), () => HttpResponse.json({ items: [], next_cursor: null })));
  const dialog = await sent({ state: "sent", attempts: 1, code: 250, response: "Queued" });
  await dialog.findByText("250 Queued");
});
