import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { Report } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aReport, at, noCounts, problem, server } from "@/test/server";

const counts = { ...noCounts, planned: 1_000, sent: 265, failed: 733, in_doubt: 2 };
const aRetry = (planned: number, more: Partial<Report> = {}) =>
  aReport({ run_id: 41, parent_run_id: 40, counts: { ...noCounts, planned, sent: planned }, ...more });

let run: Report;
let retries: Report[];
/** How many of the refused and of the doubts are retried. */
let taken: { failed: number; in_doubt: number };

beforeEach(() => {
  run = aReport({ counts });
  retries = [];
  taken = { failed: 0, in_doubt: 0 };
  server.use(
    http.get(at("/reports"), ({ request }) => {
      const parent = new URL(request.url).searchParams.get("parent_run_id");
      return HttpResponse.json({ items: parent === "40" ? retries : [], next_cursor: null });
    }),
    http.get(at("/reports/40"), () => HttpResponse.json(run)),
    http.get(at("/reports/40/timeline"), () => HttpResponse.json({ bucket_seconds: 5, points: [] })),
    http.get(at("/reports/40/reasons"), () =>
      HttpResponse.json({
        items: [
          { state: "failed", code: 550, enhanced: "5.1.1", text: "", count: 730 },
          { state: "failed", code: 554, enhanced: "5.7.1", text: "", count: 3 },
        ],
      }),
    ),
    http.get(at("/reports/40/deliveries"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      // The table of the page shows none here.
      if (query.get("limit") !== "200") return HttpResponse.json({ items: [], next_cursor: null, total: 0 });
      const state = query.get("state") === "failed" ? "failed" : "in_doubt";
      const from = Number(query.get("cursor"));
      const to = Math.min(from + 200, counts[state]);
      const items = Array.from({ length: to - from }, (_, n) => ({
        id: from + n + 1,
        last_code: state === "failed" ? (from + n < 730 ? 550 : 554) : 0,
        ...(from + n < taken[state] && { retried_by: 10_000 + from + n }),
      }));
      return HttpResponse.json({ items, next_cursor: to < counts[state] ? String(to) : null });
    }),
  );
});

const visit = () => visitSignedIn("/reports/40?q=nobody");

test("what a retry has taken is not offered again", async () => {
  retries = [aRetry(721)];
  taken = { failed: 721, in_doubt: 0 };
  const { user } = await visit();
  await user.click(await screen.findByRole("button", { name: "Retry…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry what did not arrive" }));
  expect(dialog.getByText(/The others were already taken: Run 41\./)).toBeInTheDocument();
  expect(dialog.getByRole("checkbox", { name: "12 of 733 refused mails" })).toBeChecked();
  expect(dialog.getByRole("checkbox", { name: "2 mails in doubt" })).not.toBeChecked();
  expect(dialog.getByRole("button", { name: "Send up to 12 mails again" })).toBeEnabled();
  expect(await dialog.findByRole("checkbox", { name: /^550: 9\. / })).toBeChecked();
});

test("when nothing is left it says which run took it, and offers no retry", async () => {
  retries = [aRetry(735)];
  taken = { failed: 733, in_doubt: 2 };
  await visit();
  await screen.findByText("Nothing is left to retry: all 735 were taken.");
  expect(screen.getByRole("link", { name: "Run 41" })).toHaveAttribute("href", "/reports/41");
  expect(screen.queryByRole("button", { name: "Retry…" })).not.toBeInTheDocument();
});

test("while a retry is sent it says so", async () => {
  retries = [aRetry(721, { status: "running", finished_at: null })];
  taken = { failed: 721, in_doubt: 0 };
  await visit();
  await screen.findByText(/Run 41 is still being sent/);
  expect(screen.queryByRole("button", { name: "Retry…" })).not.toBeInTheDocument();
});

test("what is left cannot be counted: all of it is offered, as the server leaves out what was retried", async () => {
  retries = [aRetry(3)];
  server.use(http.get(at("/reports/40/deliveries"), () => problem(403)));
  const { user } = await visit();
  await user.click(await screen.findByRole("button", { name: "Retry…" }, { timeout: 5_000 }));
  await screen.findByRole("button", { name: "Send up to 733 mails again" });
});

test("while the run waits, doubts can be settled, and why nothing can be retried is said", async () => {
  run = aReport({
    status: "running",
    finished_at: null,
    counts: { ...counts, planned: 1_040, deferred: 40 },
  });
  server.use(
    http.get(at("/reports/40/deliveries"), () =>
      HttpResponse.json({
        items: [
          {
            ...{ id: 9, run_id: 40, client_id: 5, email: "maria@example.org", state: "in_doubt", reason: "" },
            ...{ attempts: 1, possible_duplicate: false, origin_id: null, resolved_by: null, next_at: null },
            ...{ last_code: 0, last_enhanced: "", last_response: "", message_id: "m" },
            updated_at: "2026-11-20T06:00:05Z",
          },
        ],
        next_cursor: null,
        total: 1,
      }),
    ),
  );
  const { user } = await visitSignedIn("/reports/40?state=in_doubt");
  await screen.findByText(/can be retried when this run has ended: wait for its end, or cancel/);
  expect(screen.getByRole("link", { name: "To the mailing" })).toHaveAttribute("href", "/mailings/1");
  expect(screen.queryByRole("button", { name: "Retry…" })).not.toBeInTheDocument();
  await user.click(await screen.findByRole("checkbox", { name: "Select maria@example.org" }));
  expect(screen.getByRole("button", { name: "They got it" })).toBeEnabled();
});

test("refusals without a code are offered beside those by code, and can be retried alone", async () => {
  const refused = (code: number, text: string, count: number) => ({
    ...{ state: "failed", code, enhanced: "", text, count },
  });
  let body: unknown;
  server.use(
    http.get(at("/reports/40/reasons"), () =>
      HttpResponse.json({ items: [refused(550, "No such user", 730), refused(0, "no such host", 3)] }),
    ),
    http.post(at("/reports/40/retry"), async ({ request }) => {
      body = await request.json();
      return problem(409);
    }),
  );
  const { user } = await visit();
  await user.click(await screen.findByRole("button", { name: "Retry…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry what did not arrive" }));
  await dialog.findByRole("checkbox", { name: /^No code: 3\. / });
  await user.click(dialog.getByRole("checkbox", { name: /^550: 730\. / }));
  await user.click(dialog.getByRole("button", { name: "Send up to 3 mails again" }));
  await waitFor(() => expect(body).toEqual({ states: ["failed"], codes: [0] }));
});
