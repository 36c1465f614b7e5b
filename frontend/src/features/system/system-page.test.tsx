import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { afterEach, expect, test, vi } from "vitest";
import type { SystemState } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";

afterEach(() => vi.restoreAllMocks());

const now = new Date().toISOString();
const well: SystemState = {
  version: "1.2.3",
  now,
  redis: "ok",
  workers: [{ id: "w1", host: "mail1", pid: 7, alive: true, started_at: now, beat_at: now }],
  queues: [{ name: "deliver", waiting: 4, active: 1, scheduled: 0, retrying: 0, lag_seconds: 2 }],
  load: { runs_due: 0, due_since: null, runs_sending: 1, mails_open: 48_210, system_mails: 0 },
  resting: [],
};

const telling = (more: Partial<SystemState>) =>
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    http.get(at("/system"), () => HttpResponse.json({ ...well, ...more })),
    http.get(at("/reports"), () => HttpResponse.json({ items: [], next_cursor: null })),
  );

test("a well system shows its workers and queues and no alarm", async () => {
  telling({});
  await visitSignedIn("/admin/system");
  await screen.findByRole("row", { name: /mail1.*Working/ });
  screen.getByText("48,210");
  screen.getByRole("row", { name: /Deliveries 4 1 0 0/ });
  expect(screen.queryByText(/No worker/)).not.toBeInTheDocument();
});

test("on a phone workers and queues are cards, and nothing of them is cut", async () => {
  vi.spyOn(window, "matchMedia").mockImplementation(
    (query) => ({ matches: true, media: query, addEventListener() {}, removeEventListener() {} }) as never,
  );
  telling({});
  await visitSignedIn("/admin/system");
  const card = async (list: string) =>
    within(await screen.findByRole("list", { name: list })).getByRole("listitem").textContent;
  expect(await card("Workers")).toMatch(/^mail1 process 7Working.*Since/);
  expect(await card("Queues")).toMatch(/^DeliveriesReady4At a worker1For later0To be repeated0Oldest waits/);
});

test("what is in the way is said first", async () => {
  telling({
    workers: [],
    redis: "degraded",
    queues: [],
    load: { ...well.load, runs_due: 2, due_since: now },
    resting: [{ transport_id: 2, name: "The provider", until: now, reason: "auth", answer: "535 no" }],
  });
  await visitSignedIn("/admin/system");
  await screen.findByText("No worker is at work");
  screen.getByText("2 mailings are due and were not started");
  screen.getByText("Redis does not answer");
  screen.getByText("No mail goes by The provider at the moment");
  expect(screen.getByRole("link", { name: "Look at it" })).toHaveAttribute(
    "href",
    "/admin/transports?open=2",
  );
});

test("without an answer it says so and tries again", async () => {
  telling({});
  server.use(http.get(at("/system"), () => problem(503), { once: true }));
  const { user } = await visitSignedIn("/admin/system");
  await user.click(await screen.findByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.getByText("mail1", { exact: false })).toBeInTheDocument());
});
