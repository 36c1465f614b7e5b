import { act, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { progressKey } from "@/api/events";
import type { Delivery, Report, Why } from "@/api/types";
import { chooseLanguage } from "@/i18n";
import { visitSignedIn } from "@/test/app";
import { anna, aReport, at, noCounts, problem, server } from "@/test/server";

const aDelivery = (more: Partial<Delivery> = {}): Delivery => ({
  id: 9001,
  run_id: 40,
  client_id: 5,
  email: "maria@example.org",
  state: "failed",
  reason: "",
  attempts: 1,
  possible_duplicate: false,
  origin_id: null,
  resolved_by: null,
  next_at: null,
  last_code: 550,
  last_enhanced: "5.1.1",
  last_response: "user unknown",
  message_id: "d9001@example.com",
  updated_at: "2026-11-20T06:00:05Z",
  ...more,
});

const aWhy = (more: Partial<Why> = {}): Why => ({
  run_id: 40,
  mailing_id: 1,
  mailing_name: "Weekly letter",
  run_status: "finished",
  run_reason: "",
  client_id: 5,
  client_deleted: false,
  email: "maria@example.org",
  membership: "tag",
  tag: "vip",
  delivery: aDelivery(),
  attempts: [
    {
      delivery_id: 9001,
      email: "maria@example.org",
      number: 1,
      started_at: "2026-11-20T06:00:04Z",
      finished_at: "2026-11-20T06:00:05Z",
      outcome: "failed",
      code: 550,
      enhanced: "5.1.1",
      response: "user unknown",
      phase: "rcpt",
      transport: "default",
      duration_ms: 120,
    },
  ],
  suppression: null,
  ...more,
});

const counts = { ...noCounts, planned: 100, sent: 95, failed: 2, in_doubt: 2, skipped: 1 };
let run: Report;
let rows: Delivery[];
let asked: URLSearchParams[];

beforeEach(() => {
  run = aReport({ counts });
  rows = [aDelivery()];
  asked = [];
  server.use(
    http.get(at("/reports/40"), () => HttpResponse.json(run)),
    http.get(at("/reports/40/timeline"), () =>
      HttpResponse.json({
        bucket_seconds: 5,
        points: [{ at: "2026-11-20T06:00:00Z", sent: 95, failed: 2, deferred: 1, in_doubt: 3 }],
      }),
    ),
    http.get(at("/reports/40/reasons"), () =>
      HttpResponse.json({
        items: [
          { state: "failed", code: 550, enhanced: "5.1.1", text: "user unknown", count: 2 },
          { state: "skipped", code: 0, enhanced: "", text: "unsubscribed", count: 1 },
        ],
      }),
    ),
    http.get(at("/reports/40/deliveries"), ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json({ items: rows, next_cursor: null, total: rows.length });
    }),
    http.get(at("/reports/40/clients/5"), () => HttpResponse.json(aWhy())),
  );
});

test("the sums add up and each leads to its rows", async () => {
  await visitSignedIn("/reports/40");
  const ledger = within(await screen.findByRole("region", { name: "Every recipient accounted for" }));
  expect(ledger.getByText("100 planned = 95 sent + 2 refused + 2 in doubt + 1 skipped")).toBeInTheDocument();
  expect(ledger.getByRole("link", { name: "In doubt: show 2" })).toHaveAttribute(
    "href",
    "/reports/40?state=in_doubt#recipients",
  );
  expect(ledger.getByRole("link", { name: "Show all 100" })).toHaveAttribute(
    "href",
    "/reports/40#recipients",
  );
});

test.each(["/reports/40", "/reports/40/clients/5"])("%s says in which zone its times are", async (path) => {
  await visitSignedIn(path);
  await screen.findByText(/Times are in Europe\/Moscow\./);
});

test("what we note ourselves is not told as the server's words, and is in the reader's language", async () => {
  const lost = {
    ...aDelivery({ state: "in_doubt", last_code: 0, last_enhanced: "" }),
    last_response: "no answer after the mail was sent: the server closed the connection",
  };
  rows = [lost];
  const why = aWhy({ delivery: lost });
  const attempts = why.attempts.map((attempt) => ({
    ...attempt,
    outcome: "in_doubt" as const,
    code: 0,
    enhanced: "",
    response: lost.last_response,
    phase: "response" as const,
  }));
  server.use(http.get(at("/reports/40/clients/5"), () => HttpResponse.json({ ...why, attempts })));
  await chooseLanguage("ru");
  onTestFinished(() => void chooseLanguage("en").then(() => localStorage.clear()));
  await visitSignedIn("/reports/40?client=5");
  const words = "Письмо передано, но ответа не было: сервер закрыл соединение";
  const panel = within(await screen.findByRole("dialog"));
  const attempt = within(await panel.findByRole("list", { name: "Попытки" }));
  expect(attempt.getByText(words)).toBeInTheDocument();
  expect(attempt.queryByText("Сервер")).not.toBeInTheDocument();
  expect(await screen.findByTitle(words)).toBeInTheDocument();
});

test("a reason is said in words and leads to exactly the mails it counts", async () => {
  const { user, router } = await visitSignedIn("/reports/40");
  const reasons = within(await screen.findByRole("region", { name: "Why not" }));
  expect(await reasons.findByText("There is no such mailbox.")).toBeInTheDocument();
  expect(reasons.getByText("Skipped: the client had unsubscribed.")).toBeInTheDocument();
  await user.click(reasons.getByRole("link", { name: "There is no such mailbox.: show 2" }));
  await waitFor(() => expect(asked.at(-1)?.get("answer")).toBe("user unknown"));
  expect(Object.fromEntries(asked.at(-1) ?? [])).toMatchObject({
    state: "failed",
    code: "550",
    enhanced: "5.1.1",
  });
  await user.click(screen.getByRole("button", { name: "Show all answers" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ state: "failed" }));
});

test("an opened delivery shows what the server said and what it means", async () => {
  const { user, router } = await visitSignedIn("/reports/40");
  await user.click(await screen.findByRole("link", { name: "maria@example.org: what happened" }));
  const panel = within(await screen.findByRole("dialog"));
  const attempt = within(await panel.findByRole("list", { name: "Attempts" }));
  expect(attempt.getByText("550 5.1.1 user unknown")).toBeInTheDocument();
  expect(attempt.getByText(/RCPT TO:<maria@example.org>/)).toBeInTheDocument();
  expect(attempt.getByText("20 Nov 2026, 09:00:04")).toBeInTheDocument();
  expect(attempt.getByRole("listitem")).toHaveAttribute("data-reply", "bad");
  expect(panel.getByText(/the tag “vip”/)).toBeInTheDocument();
  expect(router.state.location.search).toEqual({ client: 5 });
});

test("who was not mailed before the end is told where the reasons stand", async () => {
  const report = aReport({ run_id: 41 });
  server.use(
    http.get(at("/reports/41"), () =>
      HttpResponse.json({ ...report, counts: { ...report.counts, expired: 4 } }),
    ),
    http.get(at("/reports/41/timeline"), () => HttpResponse.json({ bucket_seconds: 1, points: [] })),
    http.get(at("/reports/41/reasons"), () => HttpResponse.json({ items: [] })),
    http.get(at("/reports/41/deliveries"), () =>
      HttpResponse.json({ items: [], next_cursor: null, total: 0 }),
    ),
  );
  await visitSignedIn("/reports/41");
  const reasons = within(await screen.findByRole("region", { name: "Why not" }));
  expect(await reasons.findByText(/^4 recipients were not mailed any more/)).toBeInTheDocument();
  expect(reasons.queryByText(/^Nobody was refused/)).not.toBeInTheDocument();
});

test("a retry says its consequence in numbers, leaves doubts out unless chosen, and leads to its run", async () => {
  let body: unknown;
  server.use(
    http.post(at("/reports/40/retry"), async ({ request }) => {
      body = await request.json();
      return HttpResponse.json({ run_id: 41 }, { status: 202 });
    }),
    http.get(at("/reports/41"), () => HttpResponse.json(aReport({ run_id: 41, parent_run_id: 40 }))),
    http.get(at("/reports/41/timeline"), () => HttpResponse.json({ bucket_seconds: 1, points: [] })),
    http.get(at("/reports/41/reasons"), () => HttpResponse.json({ items: [] })),
    http.get(at("/reports/41/deliveries"), () =>
      HttpResponse.json({ items: [], next_cursor: null, total: 0 }),
    ),
  );
  const { user, router } = await visitSignedIn("/reports/40");
  await user.click(await screen.findByRole("button", { name: "Retry…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry what did not arrive" }));
  expect(dialog.getByRole("checkbox", { name: "2 mails in doubt" })).not.toBeChecked();
  await user.click(dialog.getByRole("checkbox", { name: "2 mails in doubt" }));
  await user.click(dialog.getByRole("button", { name: "Send up to 4 mails again" }));
  await screen.findByRole("link", { name: "Retries what was left of run 40" });
  expect(body).toEqual({ states: ["failed", "in_doubt"] });
  expect(router.state.location.pathname).toBe("/reports/41");
});

test("some of the refused are retried by their codes, and doubts then apart", async () => {
  const refused = (code: number, count: number, enhanced: string) => ({
    state: "failed",
    code,
    enhanced,
    text: "",
    count,
  });
  let body: unknown;
  server.use(
    http.get(at("/reports/40/reasons"), () =>
      HttpResponse.json({ items: [refused(550, 1, "5.1.1"), refused(554, 1, "5.7.1")] }),
    ),
    http.post(at("/reports/40/retry"), async ({ request }) => {
      body = await request.json();
      return problem(409, { detail: "nothing of this run is left to retry" });
    }),
  );
  const { user } = await visitSignedIn("/reports/40");
  await user.click(await screen.findByRole("button", { name: "Retry…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry what did not arrive" }));
  await user.click(await dialog.findByRole("checkbox", { name: /^550: 1\. / }));
  expect(dialog.getByRole("checkbox", { name: "2 mails in doubt" })).toBeDisabled();
  await user.click(dialog.getByRole("button", { name: "Send 1 mail again" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("nothing of this run is left to retry");
  expect(body).toEqual({ states: ["failed"], codes: [554] });
});

test("doubts are selected and settled by hand", async () => {
  rows = [aDelivery({ state: "in_doubt", last_code: 0, last_enhanced: "", last_response: "" })];
  let body: unknown;
  server.use(
    http.post(at("/reports/40/resolve"), async ({ request }) => {
      body = await request.json();
      return HttpResponse.json({ resolved: 1 });
    }),
  );
  const { user } = await visitSignedIn("/reports/40?state=in_doubt");
  await user.click(await screen.findByRole("checkbox", { name: "Select maria@example.org" }));
  await user.click(screen.getByRole("button", { name: "They got it" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Call these delivered?" }));
  expect(dialog.getByText(/1 mail in doubt counts as sent from now on/)).toBeInTheDocument();
  await user.click(dialog.getByRole("button", { name: "Call 1 delivered" }));
  await screen.findByText("1 doubt settled.");
  expect(body).toEqual({ delivery_ids: [9001], as: "sent" });
});

test("who may only look is offered no act", async () => {
  run = aReport({ counts, owner_id: 99, owner_email: "boris@example.com" });
  rows = [aDelivery({ state: "in_doubt" })];
  server.use(
    http.get(at("/me"), () =>
      HttpResponse.json({ ...anna, is_staff: true, permissions: ["reports.view_all"] }),
    ),
  );
  await visitSignedIn("/reports/40?state=in_doubt");
  await screen.findByText("boris@example.com");
  await screen.findByRole("link", { name: "maria@example.org: what happened" });
  expect(screen.queryByRole("button", { name: "Retry…" })).not.toBeInTheDocument();
  expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
});

test("while it sends the bar and the sums follow the events; what was read of an ended run is the newest", async () => {
  run = aReport({
    status: "running",
    finished_at: null,
    reason: "rate",
    counts: { ...noCounts, planned: 100, pending: 100 },
  });
  const { queries } = await visitSignedIn("/reports/40");
  await screen.findByText("It keeps to the rate you set.");
  const told = {
    run_id: 40,
    mailing_id: 1,
    status: "running",
    reason: "",
    counts: { ...noCounts, planned: 100, pending: 60, sent: 40 },
    rate_per_second: 20,
    eta_seconds: 30,
  };
  queries.setQueryData(progressKey(40), told);
  const bar = await screen.findByRole("progressbar", { name: "Sending" });
  expect(bar).toHaveAttribute("aria-valuetext", "40 of 100, 20 a second, 3 secs left");
  run = aReport({ counts });
  await queries.invalidateQueries({ queryKey: ["reports"] });
  await screen.findByText("100 planned = 95 sent + 2 refused + 2 in doubt + 1 skipped");
  expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
});

test.each([
  ["", "CSV of all recipients", "CSV of all attempts"],
  ["?state=in_doubt", "CSV of these recipients", "CSV of all attempts"],
  ["?state=in_doubt&q=maria", "CSV of these recipients", "CSV of all attempts at “maria”"],
])("the files say what they hold: /reports/40%s", async (query, recipients, attempts) => {
  await visitSignedIn(`/reports/40${query}`);
  const part = within(await screen.findByRole("region", { name: "Recipients" }));
  expect(part.getAllByRole("button", { name: /^CSV/ }).map((button) => button.textContent)).toEqual([
    recipients,
    attempts,
  ]);
});

test("while it is lost of sight the report shows neither speed nor time left", async () => {
  run = aReport({
    status: "running",
    finished_at: null,
    counts: { ...counts, pending: 50 },
    rate_per_second: 5,
  });
  server.use(http.get(at("/events"), () => problem(503)));
  const { queries } = await visitSignedIn("/reports/40");
  await screen.findByText(/5 a second/);
  server.use(http.get(at("/reports/40"), () => problem(502)));
  await act(() => queries.invalidateQueries({ queryKey: ["reports"] }));
  await screen.findByText(/how it stands now is not known$/);
  expect(screen.queryByText(/5 a second/)).toBeNull();
});

test("the course of the run is there as a table too", async () => {
  const { user } = await visitSignedIn("/reports/40");
  await screen.findByRole("img", {
    name: "Attempts over time: 95 sent, 2 refused, 1 to be retried, 3 in doubt",
  });
  await user.click(screen.getByRole("button", { name: "Show as a table" }));
  const table = within(screen.getByRole("region", { name: /Attempts over time/ }));
  expect(table.getByRole("row", { name: "20 Nov 2026, 09:00:00 95 1 2 3" })).toBeInTheDocument();
});

test.each(["/reports/999", "/reports/x", "/reports/40/clients/6"])("%s is no page", async (path) => {
  server.use(
    http.get(at("/reports/999"), () => problem(404)),
    http.get(at("/reports/40/clients/6"), () => problem(404)),
  );
  await visitSignedIn(path);
  await screen.findByRole("heading", { name: "There is no such page" });
});

test.each<[string, Partial<Why>, RegExp[]]>([
  [
    "in doubt",
    {
      delivery: aDelivery({ state: "in_doubt", possible_duplicate: true }),
      attempts: [{ ...(aWhy().attempts[0] as Why["attempts"][number]), outcome: "in_doubt", code: 0 }],
    },
    [/the answer was lost/, /may have got this mail twice/, /no answer came back/],
  ],
  [
    "skipped",
    {
      delivery: aDelivery({ state: "skipped", reason: "complained", attempts: 0 }),
      attempts: [],
      suppression: { reason: "complained", created_at: "2026-11-01T12:00:00Z" },
    },
    [/had complained of spam/, /Since 1 Nov 2026/, /no mail server was asked/],
  ],
  [
    "not a recipient",
    { delivery: null, attempts: [], membership: "excluded_tag", tag: "staff" },
    [/clients with the tag “staff” were excluded/],
  ],
  [
    "of a run that was missed",
    { delivery: null, attempts: [], membership: "not_started", run_status: "missed" },
    [/the run was never sent/],
  ],
  [
    "deferred, of a client who is gone",
    { delivery: aDelivery({ state: "deferred", next_at: "2026-11-20T07:00:00Z" }), client_deleted: true },
    [/Next try: 20 Nov 2026, 10:00/, /was deleted since/],
  ],
])("why: %s", async (_, more, sentences) => {
  server.use(http.get(at("/reports/40/clients/5"), () => HttpResponse.json(aWhy(more))));
  await visitSignedIn("/reports/40/clients/5");
  await screen.findByRole("heading", { name: "What happened to the mail to maria@example.org" });
  for (const sentence of sentences) expect(screen.getByText(sentence)).toBeInTheDocument();
});
