import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { delay, HttpResponse, http } from "msw";
import { expect, onTestFinished, test, vi } from "vitest";
import { progressKey } from "@/api/events";
import type { Mailing, Report, User } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aMailing, anna, aReport, at, noCounts, problem, server } from "@/test/server";

const counts: Report["counts"] = {
  planned: 1000,
  pending: 400,
  sending: 10,
  deferred: 12,
  sent: 570,
  failed: 5,
  skipped: 3,
  in_doubt: 0,
  expired: 0,
  cancelled: 0,
};

function serve(mailing: Partial<Mailing>, run: Partial<Report> = {}) {
  server.use(
    http.get(at("/mailings/1"), () => HttpResponse.json(aMailing(mailing), { headers: { ETag: '"1"' } })),
    http.get(at("/mailings/1/runs"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.get(at("/mailings/1/audience"), () => HttpResponse.json({ count: 3, sample: [], skipped: {} })),
    http.get(at("/messages/1"), () => HttpResponse.json({ id: 1, name: "Spring news" })),
    http.get(at("/reports/5"), () =>
      HttpResponse.json({ run_id: 5, status: "running", reason: "", rate_per_second: 20, counts, ...run }),
    ),
  );
}

const running = { status: "running", last_run_id: 5 } as const;

test("a run shows why it waits and sums that add up and lead to their rows", async () => {
  serve(running, { reason: "outside_window" });
  await visitSignedIn("/mailings/1");
  await screen.findByText(/It is outside the sending window/);
  expect(screen.getByText("Times are in Europe/Moscow.")).toBeInTheDocument();
  expect(screen.getByText("570 + 5 + 3 + 400 + 10 + 12 = 1,000 planned")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "570" })).toHaveAttribute("href", "/reports/5?state=sent");
});

test.each(["running", "finished"] as const)(
  "of a mailing that is sent once, without a time, nobody is said to have started it: %s",
  async (status) => {
    serve({ status, last_run_id: 5 });
    await visitSignedIn("/mailings/1");
    const head = (await screen.findByRole("heading", { level: 1 })).closest("header") as HTMLElement;
    expect(within(head).getByText("Once.")).toBeInTheDocument();
  },
);

test("while the server is away the head says of when it is, and nothing of it is bright", async () => {
  serve(running);
  server.use(http.get(at("/events"), () => problem(503)));
  const { queries } = await visitSignedIn("/mailings/1");
  const head = within((await screen.findByRole("heading", { level: 1 })).closest("header") as HTMLElement);
  const badge = () => head.getByText("Sending");
  expect(badge()).toHaveAttribute("data-meaning", "now");
  server.use(http.get(at("/mailings/1"), () => problem(502)));
  await act(() => queries.invalidateQueries({ queryKey: ["mailings"] }));
  const said = await head.findByText(/^The server does not answer; last heard: today, \d\d:\d\d\.$/);
  expect(said).toHaveAttribute("role", "status");
  expect(badge()).toHaveAttribute("data-meaning", "none");
  expect(head.getByRole("button", { name: "Pause" })).toHaveAttribute("data-variant", "default");
  serve(running);
  await act(() => queries.invalidateQueries({ queryKey: ["mailings"] }));
  await waitFor(() => expect(said).toBeEmptyDOMElement());
  expect(badge()).toHaveAttribute("data-meaning", "now");
});

test("its heading takes the focus when it has come, unless one went on meanwhile", async () => {
  serve({ name: "Weekly letter" });
  server.use(
    http.get(at("/mailings"), () => HttpResponse.json({ items: [aMailing()], next_cursor: null })),
    http.get(at("/mailings/1"), async () => {
      await delay(100);
      return HttpResponse.json(aMailing());
    }),
  );
  const open = async () => {
    const shown = await visitSignedIn("/mailings");
    await shown.user.click(await screen.findByRole("link", { name: "Weekly letter" }));
    await screen.findByRole("status", { name: "Loading the mailing" });
    return shown;
  };
  const heading = () => screen.findByRole("heading", { name: "Weekly letter", level: 1 });
  await open();
  expect(await heading()).toHaveFocus();

  cleanup();
  await open();
  const menu = screen.getByRole("button", { name: "Language" });
  menu.focus();
  await heading();
  expect(menu).toHaveFocus();
});

test("the name of the message that is known stays when it cannot be read again", async () => {
  serve({});
  const { queries } = await visitSignedIn("/mailings/1");
  await screen.findByRole("link", { name: "Spring news" });
  server.use(http.get(at("/messages/1"), () => problem(503)));
  await act(() => queries.invalidateQueries({ queryKey: ["messages"] }));
  expect(queries.getQueryState(["messages", "choice", 1])?.status).toBe("error");
  expect(screen.getByRole("link", { name: "Spring news" })).toBeInTheDocument();
});

test("the row of a run that goes on says what the page says of it, of one that is over what was read", async () => {
  serve(running);
  const row = { mailing_id: 1, planned_at: "2026-12-01T09:00:00Z", reason: "" };
  server.use(
    http.get(at("/mailings/1/runs"), () =>
      HttpResponse.json({
        items: [
          { ...row, run_id: 5, status: "running", counts: { ...counts, sent: 2, failed: 0 } },
          { ...row, run_id: 4, status: "finished", counts: { ...counts, sent: 31, failed: 7 } },
        ],
        next_cursor: null,
      }),
    ),
  );
  const { queries } = await visitSignedIn("/mailings/1");
  const rows = within(await screen.findByRole("table", { name: "Runs" }));
  const figures = (run: number) =>
    ["sent", "failed"].map(
      (state) =>
        rows
          .getAllByRole("link")
          .find((link) => link.getAttribute("href") === `/reports/${run}?state=${state}#recipients`)
          ?.textContent,
    );
  await waitFor(() => expect(figures(5)).toEqual(["570 Sent", "5 Refused"]));
  const told = { mailing_id: 1, reason: "", rate_per_second: 20, eta_seconds: 9 };
  act(() => {
    for (const run_id of [4, 5]) {
      const progress = { ...told, run_id, status: "running", counts: { ...counts, sent: 626, failed: 13 } };
      queries.setQueryData(progressKey(run_id), progress);
    }
  });
  await waitFor(() => expect(figures(5)).toEqual(["626 Sent", "13 Refused"]));
  expect(figures(4)).toEqual(["31 Sent", "7 Refused"]);
});

test("a run that nobody tells of any more is not said to go on, and goes on when it is heard of again", async () => {
  serve(running);
  server.use(http.get(at("/events"), () => problem(503)));
  const { queries } = await visitSignedIn("/mailings/1");
  await screen.findByText("578 of 1,000", { exact: false });
  const told = {
    run_id: 5,
    mailing_id: 1,
    reason: "",
    rate_per_second: 20,
    eta_seconds: 9,
    status: "running",
  };
  act(
    () =>
      void queries.setQueryData(progressKey(5), { ...told, counts: { ...counts, sent: 626, pending: 344 } }),
  );
  const run = within(screen.getByRole("region", { name: "Current run" }));
  await run.findByText(/^634 of 1,000 · 20 a second · .* left$/);

  server.use(http.get(at("/reports/5"), () => problem(502)));
  const again = () => act(() => queries.invalidateQueries({ queryKey: ["reports", "run", 5] }));
  await again();
  await run.findByText("634 of 1,000 · how it stands now is not known");
  expect(run.getByRole("progressbar", { name: "The server does not answer" })).toBeInTheDocument();
  expect(run.getByText(/these are the last figures that came/)).toBeInTheDocument();
  expect(run.getByText("Sent")).toHaveAttribute("data-meaning", "none");

  serve(running, { counts: { ...counts, sent: 700, pending: 270 } });
  await again();
  await run.findByText(/^708 of 1,000 · 20 a second · .* left$/);
  expect(run.queryByText(/these are the last figures that came/)).toBeNull();
});

test.each([
  ["pausing", "Pausing"],
  ["cancelling", "Cancelling"],
] as const)(
  "a mailing that is %s is not said to send, though its run says so still",
  async (status, word) => {
    serve({ ...running, status });
    await visitSignedIn("/mailings/1");
    const run = within(await screen.findByRole("region", { name: "Current run" }));
    expect(await run.findByRole("progressbar", { name: word })).toBeInTheDocument();
    expect(run.queryByText("Sending")).toBeNull();
    expect(run.queryByText(/left|a second/)).toBeNull();
  },
);

test("what there is none of neither calls nor leads anywhere", async () => {
  serve(running, { counts: { ...counts, sent: 575, failed: 0 } });
  await visitSignedIn("/mailings/1");
  const refused = await screen.findByText("Refused");
  expect(refused).toHaveAttribute("data-meaning", "none");
  expect(screen.getByText("Sent")).toHaveAttribute("data-meaning", "sent");
  expect(screen.queryByRole("link", { name: "0" })).toBeNull();
});

test("the list of runs says what became of every mail, and which run retries another", async () => {
  serve({ status: "cancelled" });
  const cut = { ...noCounts, planned: 300, sent: 230, in_doubt: 10, cancelled: 60 };
  const retry = { ...noCounts, planned: 10, sent: 9, expired: 1 };
  server.use(
    http.get(at("/mailings/1/runs"), () =>
      HttpResponse.json({
        items: [
          aReport({ run_id: 5, parent_run_id: 4, counts: retry }),
          aReport({ run_id: 4, status: "cancelled", counts: cut }),
        ],
        next_cursor: null,
      }),
    ),
  );
  await visitSignedIn("/mailings/1");
  const runs = within(await screen.findByRole("table", { name: "Runs" }));
  const [, again, first] = runs.getAllByRole("row").map((row) => within(row));
  expect(first?.getByRole("link", { name: "10 In doubt" })).toHaveAttribute(
    "href",
    "/reports/4?state=in_doubt#recipients",
  );
  expect(first?.getByRole("link", { name: "60 Cancelled" })).toBeInTheDocument();
  expect(first?.queryByText(/Refused/)).toBeNull();
  expect(first?.queryByText(/Retry of/)).toBeNull();
  expect(again?.getByRole("link", { name: "1 Out of time" })).toBeInTheDocument();
  expect(again?.getByText("Retry of run 4")).toBeInTheDocument();
});

/** Notes how the mailing, which keeps to 300 mails a minute, is changed. */
function changing() {
  const changes: unknown[] = [];
  serve({ ...running, rate_per_minute: 300 });
  server.use(
    http.patch(at("/mailings/1"), async ({ request }) => {
      const change = (await request.json()) as Partial<Mailing>;
      changes.push(change);
      return HttpResponse.json(aMailing({ ...running, ...change }), { headers: { ETag: '"2"' } });
    }),
  );
  return changes;
}

test.each(["0", "-5", "99999999", "12.5"])("a rate of %s is refused and stays as typed", async (typed) => {
  const changes = changing();
  const { user } = await visitSignedIn("/mailings/1");
  const field = await screen.findByLabelText("Mails a minute at most");
  await user.clear(field);
  await user.type(field, typed);
  await user.click(screen.getByRole("button", { name: "Change the rate" }));
  expect(await screen.findByText("A whole number from 1 to 1,000,000.")).toBeInTheDocument();
  expect(field).toHaveValue(typed);
  expect(changes).toEqual([]);
});

test("a rate of one mail is said as one", async () => {
  const changes = changing();
  const { user } = await visitSignedIn("/mailings/1");
  const field = await screen.findByLabelText("Mails a minute at most");
  await user.clear(field);
  await user.type(field, "1{Enter}");
  await screen.findByText("At most 1 mail a minute from now on.");
  expect(changes).toEqual([{ rate_per_minute: 1 }]);
});

test("the limit of a run goes only when that is what one says", async () => {
  const changes = changing();
  const { user } = await visitSignedIn("/mailings/1");
  await user.clear(await screen.findByLabelText("Mails a minute at most"));
  const remove = () => user.click(screen.getByRole("button", { name: "Remove the limit" }));
  await remove();
  const asked = () => screen.findByRole("dialog", { name: "Send without a limit?" });
  await user.click(within(await asked()).getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(changes).toEqual([]);
  await remove();
  await user.click(within(await asked()).getByRole("button", { name: "Remove the limit" }));
  await screen.findByText("There is no limit any more.");
  expect(changes).toEqual([{ rate_per_minute: null }]);
});

test("cancelling says in numbers what comes of it", async () => {
  serve(running);
  let cancelled = false;
  server.use(
    http.post(at("/mailings/1/cancel"), () => {
      cancelled = true;
      return HttpResponse.json(aMailing({ status: "cancelling" }), { status: 202 });
    }),
  );
  const { user } = await visitSignedIn("/mailings/1");
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel the mailing" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Cancel “Weekly letter”?" }));
  await dialog.findByText("412 mails not yet sent will be cancelled.");
  expect(dialog.getByText("Up to 10 in flight will still arrive.")).toBeInTheDocument();
  expect(dialog.getByText("570 already sent cannot be called back.")).toBeInTheDocument();
  expect(dialog.getByRole("button", { name: "Do not cancel" })).toHaveFocus();
  await user.click(dialog.getByRole("button", { name: "Cancel the mailing" }));
  expect(cancelled).toBe(true);
});

test("what the server refuses is said, and the mailing is read anew", async () => {
  serve(running);
  server.use(
    http.post(at("/mailings/1/pause"), () => {
      serve({ status: "finished", last_run_id: 5 });
      return problem(409, { detail: "A mailing that is finished cannot pause." });
    }),
  );
  const { user } = await visitSignedIn("/mailings/1");
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  expect(await screen.findByText("Not done: Pause")).toBeInTheDocument();
  expect(screen.getByText("A mailing that is finished cannot pause.")).toBeInTheDocument();
  await screen.findByText("Finished");
});

test.each<[string, Partial<User>, boolean]>([
  ["a manager", { is_staff: true, permissions: ["mailings.view_all"] }, false],
  [
    "staff with mailings.stop_all",
    { is_staff: true, permissions: ["mailings.view_all", "mailings.stop_all"] },
    true,
  ],
])("what %s may do with a foreign mailing", async (_, rights, stops) => {
  serve({ ...running, owner_id: 99, owner_email: "boris@example.com" });
  server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })));
  await visitSignedIn("/mailings/1");
  await screen.findByText(/belongs to boris@example.com/);
  expect(screen.queryByRole("button", { name: "Pause" })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "More actions" })).not.toBeInTheDocument();
  expect(screen.queryByLabelText("Mails a minute at most")).not.toBeInTheDocument();
  expect(screen.queryAllByRole("button", { name: "Stop this mailing" })).toHaveLength(stops ? 1 : 0);
});

test.each(["/mailings/1", "/mailings/1/edit"])("%s of somebody else is no page", async (path) => {
  server.use(http.get(at("/mailings/1"), () => problem(404)));
  await visitSignedIn(path);
  expect(await screen.findByRole("heading", { level: 1, name: "There is no such page" })).toBeInTheDocument();
  // In the frame of the application, so that one gets on.
  expect(screen.getByRole("navigation")).toBeInTheDocument();
});

/** This browser has heard of a start of the mailing that can be taken back. The clock stands still. */
function started(more: { end?: number; planned?: string | null } = {}) {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const start = { end: Date.now() + 9_500, planned: null, ...more };
  localStorage.setItem("postrider.starts", JSON.stringify({ 1: start }));
}

/** Notes what is asked to take it back. */
function takingBack() {
  const asked: unknown[] = [];
  const noting =
    (what: string) =>
    async ({ request }: { request: Request }) => {
      const body = await request.text();
      asked.push(body ? [what, JSON.parse(body)] : what);
      return HttpResponse.json(aMailing(), { status: what === "change" ? 200 : 202 });
    };
  server.use(
    http.post(at("/mailings/1/unschedule"), noting("unschedule")),
    http.post(at("/mailings/1/schedule"), noting("schedule")),
    http.patch(at("/mailings/1"), noting("change")),
  );
  return asked;
}

const starting = {
  status: "scheduled",
  start_at: "2026-11-23T12:00:11Z",
  next_run_at: "2026-11-23T12:00:11Z",
} as const;

test("a start can be taken back on the page that is opened anew within its ten seconds", async () => {
  serve(starting);
  started();
  const asked = takingBack();
  const { user } = await visitSignedIn("/mailings/1");
  const told = await screen.findByText(/“Weekly letter” starts in/);
  expect(told).toHaveTextContent(/ 10 s$/);
  await user.click(screen.getByRole("button", { name: "Undo" }));
  await screen.findByText(/“Weekly letter” was not started/);
  expect(asked).toEqual(["unschedule", ["change", { start_at: null }]]);
  expect(localStorage.getItem("postrider.starts")).toBeNull();
});

test("the way back from a start is the next stop after the heading, said in a live region, and goes along in a notification", async () => {
  serve(starting);
  started();
  const asked = takingBack();
  const { user, router } = await visitSignedIn("/mailings/1");
  const told = await screen.findByText(/“Weekly letter” starts in/);
  expect(told.closest('[role="status"]')).not.toBeNull();
  const heading = screen.getByRole("heading", { level: 1, name: "Weekly letter" });
  heading.focus();
  await user.tab();
  expect(screen.getByRole("button", { name: "Undo" })).toHaveFocus();
  await act(() => router.navigate({ to: "/account" }));
  await screen.findByRole("heading", { level: 1, name: "Account" });
  expect(await screen.findByText(/“Weekly letter” starts in/)).toBeInTheDocument();
  await act(() => router.navigate({ to: "/mailings/$id", params: { id: 1 } }));
  const again = await screen.findByRole("heading", { level: 1, name: "Weekly letter" });
  await waitFor(() => expect(screen.getAllByRole("button", { name: "Undo" })).toHaveLength(1));
  again.focus();
  await user.tab();
  await user.dblClick(screen.getByRole("button", { name: "Undo" }));
  await screen.findByText(/“Weekly letter” was not started/);
  expect(asked).toEqual(["unschedule", ["change", { start_at: null }]]);
  await waitFor(() => expect(again).toHaveFocus());
});

test("after an act that gives way to another one the focus is on the heading, not on the other act", async () => {
  serve({ status: "running" });
  server.use(
    http.post(at("/mailings/1/pause"), () => {
      serve({ status: "paused" });
      return HttpResponse.json(aMailing({ status: "paused" }), { status: 202 });
    }),
  );
  const { user } = await visitSignedIn("/mailings/1");
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  await screen.findByRole("button", { name: "Resume" });
  await waitFor(() => expect(screen.getByRole("heading", { level: 1, name: "Weekly letter" })).toHaveFocus());
});

test("a start of what was planned for later goes back to its plan", async () => {
  serve(starting);
  started({ planned: "2027-01-01T09:00:00Z" });
  const asked = takingBack();
  const { user } = await visitSignedIn("/mailings/1");
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await screen.findByText(/“Weekly letter” was not started/);
  expect(asked).toEqual(["unschedule", ["schedule", { start_at: "2027-01-01T09:00:00Z" }]]);
});

test("what another tab takes back is not offered here any longer", async () => {
  serve(starting);
  started();
  await visitSignedIn("/mailings/1");
  await screen.findByText(/“Weekly letter” starts in/);
  localStorage.removeItem("postrider.starts");
  act(() => void window.dispatchEvent(new StorageEvent("storage", { key: "postrider.starts" })));
  await waitFor(() => expect(screen.queryByText(/starts in/)).toBeNull());
});

test.each<[string, Partial<Mailing>, { end?: number }]>([
  ["a start whose time has come", starting, { end: Date.now() - 1 }],
  ["a time that no start gave", starting, { end: Date.now() + 3_600_000 }],
  ["a mailing that does not wait", { status: "finished" }, {}],
  ["a mailing of somebody else", { ...starting, owner_id: 8, owner_email: "b@example.org" }, {}],
])("nothing is offered for %s", async (_, mailing, start) => {
  serve(mailing);
  started(start);
  await visitSignedIn("/mailings/1");
  await screen.findByRole("heading", { level: 1, name: "Weekly letter" });
  await screen.findByText(/It has not run yet/);
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
});
