import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { progressKey } from "@/api/events";
import type { Summary } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, aReport, at, noCounts, problem, server } from "@/test/server";

const summary = (more: Partial<Summary>): Summary => ({
  days: [],
  running: [],
  next: [],
  attention: [],
  ...more,
});
const shows = (more: Partial<Summary>) =>
  server.use(
    http.get(at("/reports/summary"), () => HttpResponse.json(summary(more))),
    http.get(at("/reports"), () => HttpResponse.json({ items: [aReport()], next_cursor: null })),
  );
const section = async (name: string) => within(await screen.findByRole("region", { name }));

test("a new account finds three steps, ticked off as they happen", async () => {
  server.use(http.get(at("/clients"), () => HttpResponse.json({ items: [{ id: 1 }], next_cursor: null })));
  await visitSignedIn("/dashboard");
  const steps = await section("Three steps to your first mailing");
  expect(steps.getByRole("img", { name: "Done: Add clients" })).toBeInTheDocument();
  expect(steps.getAllByRole("img")).toHaveLength(1);
  expect(steps.getByRole("link", { name: "Start a mailing" })).toHaveAttribute("href", "/mailings/new");
});

test("an account that has sent finds no steps", async () => {
  shows({});
  await visitSignedIn("/dashboard");
  await screen.findByText("Nothing is being sent at the moment.");
  expect(screen.queryByText("Three steps to your first mailing")).not.toBeInTheDocument();
  expect(screen.getByText("Nothing is planned.")).toBeInTheDocument();
  expect(screen.getByText("Nothing: all is going its way.")).toBeInTheDocument();
});

test("what is being sent has a bar that follows the events", async () => {
  shows({
    running: [
      aReport({ status: "running", finished_at: null, counts: { ...noCounts, planned: 10, pending: 10 } }),
    ],
  });
  const { queries } = await visitSignedIn("/dashboard");
  const bar = await (await section("Being sent now")).findByRole("progressbar", { name: "Weekly letter" });
  expect(bar).toHaveAttribute("aria-valuenow", "0");
  queries.setQueryData(progressKey(40), {
    status: "running",
    reason: "",
    counts: { ...noCounts, planned: 10, pending: 4, sent: 6 },
    rate_per_second: 2,
    eta_seconds: 9,
  });
  expect(await screen.findByText("6 of 10 · 2 a second · 2 secs left")).toBeInTheDocument();
});

test("what is paused is told apart from what is being sent, with its reason", async () => {
  const going = { finished_at: null, counts: { ...noCounts, planned: 10, pending: 10 } };
  shows({
    running: [
      aReport({ ...going, status: "running" }),
      aReport({ ...going, run_id: 41, mailing_name: "Old news", status: "paused", reason: "by_person" }),
    ],
  });
  await visitSignedIn("/dashboard");
  const sending = await section("Being sent now");
  expect(sending.getByRole("link", { name: "Weekly letter" })).toBeInTheDocument();
  expect(sending.queryByText("Old news")).not.toBeInTheDocument();
  const paused = await section("Paused");
  expect(paused.getByRole("link", { name: "Old news" })).toBeInTheDocument();
  expect(paused.getByText("It was paused by hand.")).toBeInTheDocument();
});

test("what starts next is said in the words of a calendar and the zone it was planned in", async () => {
  const inTwoDays = new Date(Date.now() + 48 * 3_600_000);
  inTwoDays.setUTCHours(6, 0, 0, 0);
  shows({
    next: [
      { id: 3, name: "Spring news", next_run_at: inTwoDays.toISOString(), timezone: "Asia/Novosibirsk" },
    ],
  });
  await visitSignedIn("/dashboard");
  const next = await section("Next");
  expect(next.getByRole("link", { name: "Spring news" })).toHaveAttribute("href", "/mailings/3");
  expect(next.getByText(/13:00/)).toBeInTheDocument();
  expect(next.getByText(/Novosibirsk$/)).toBeInTheDocument();
});

test("what needs a person is said with its reason and its act; transports to superusers alone", async () => {
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/transports"), () =>
      HttpResponse.json({
        items: [
          { id: 1, name: "Provider", enabled: true, state: "resting", answer: "421 closing" },
          { id: 2, name: "Well", enabled: true, state: "ok", answer: "" },
          { id: 3, name: "Off", enabled: false, state: "resting", answer: "" },
        ],
        next_cursor: null,
      }),
    ),
  );
  shows({
    attention: [
      aReport({ status: "paused", reason: "smtp_auth", finished_at: null }),
      aReport({
        run_id: 41,
        mailing_name: "Old news",
        counts: { ...noCounts, planned: 9, sent: 6, in_doubt: 3 },
      }),
    ],
  });
  await visitSignedIn("/dashboard");
  const needs = await section("Needs you");
  expect(await needs.findByText("Transport “Provider”")).toBeInTheDocument();
  expect(needs.getByText(/The mail server refuses our login/)).toBeInTheDocument();
  expect(needs.getByText(/3 mails are in doubt/)).toBeInTheDocument();
  expect(needs.getByRole("link", { name: "Decide" })).toHaveAttribute(
    "href",
    "/reports/41?state=in_doubt#recipients",
  );
  expect(needs.getAllByRole("listitem")).toHaveLength(3);
});

test("the days are a chart with its sums in words", async () => {
  shows({
    days: [
      { date: "2026-11-22", sent: 1200, failed: 3, in_doubt: 1 },
      { date: "2026-11-23", sent: 800, failed: 0, in_doubt: 0 },
    ],
  });
  await visitSignedIn("/dashboard");
  expect(
    await screen.findByRole("img", { name: "In 2 days: 2,000 sent, 3 refused, 1 in doubt" }),
  ).toBeInTheDocument();
});

test("a failure is said in words and tried again", async () => {
  let broken = true;
  server.use(
    http.get(at("/reports/summary"), () => (broken ? problem(503) : HttpResponse.json(summary({})))),
  );
  const { user } = await visitSignedIn("/dashboard");
  const alert = within(await screen.findByRole("alert"));
  broken = false;
  await user.click(alert.getByRole("button", { name: "Try again" }));
  await screen.findByText("Nothing is being sent at the moment.");
});
