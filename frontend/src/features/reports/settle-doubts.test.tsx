import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { Delivery } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aReport, at, noCounts, problem, server } from "@/test/server";
import { settleDoubts } from "./settle-doubts";

const DOUBTS = 1_203;

const aDoubt = (n: number): Delivery => ({
  id: 9_000 + n,
  run_id: 40,
  client_id: n,
  email: `c${n}@example.org`,
  state: "in_doubt",
  reason: "",
  attempts: 1,
  possible_duplicate: false,
  origin_id: null,
  resolved_by: null,
  next_at: null,
  last_code: 0,
  last_enhanced: "",
  last_response: "",
  message_id: `d${n}@example.com`,
  updated_at: "2026-11-20T06:00:05Z",
});

/** A run with doubts, on a server that pages and settles as the real one does; the last came after it was asked. */
function doubts() {
  const all = Array.from({ length: DOUBTS }, (_, n) => aDoubt(n + 1));
  const late = { ...aDoubt(DOUBTS + 1), updated_at: "2026-11-20T08:00:09Z" };
  const open = new Set(all.map(({ id }) => id));
  const asked: URLSearchParams[] = [];
  const settled: { delivery_ids: number[]; as: string }[] = [];
  server.use(
    http.get(at("/reports/40"), () =>
      HttpResponse.json(
        aReport({ counts: { ...noCounts, planned: DOUBTS, in_doubt: open.size, sent: DOUBTS - open.size } }),
      ),
    ),
    http.get(at("/reports/40/timeline"), () => HttpResponse.json({ bucket_seconds: 5, points: [] })),
    http.get(at("/reports/40/reasons"), () => HttpResponse.json({ items: [] })),
    http.get(at("/reports/40/deliveries"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      if (query.get("limit") === "200") asked.push(query);
      const limit = Number(query.get("limit"));
      const after = Number(query.get("cursor"));
      const left = [...all, late].filter(
        ({ id, client_id }) => (id === late.id || open.has(id)) && client_id > after,
      );
      const items = left.slice(0, limit);
      const next_cursor = left.length > limit ? String(items.at(-1)?.client_id) : null;
      return HttpResponse.json(
        { items, next_cursor, total: open.size },
        { headers: { Date: "Fri, 20 Nov 2026 08:00:00 GMT" } },
      );
    }),
    http.post(at("/reports/40/resolve"), async ({ request }) => {
      const body = (await request.json()) as { delivery_ids: number[]; as: string };
      settled.push(body);
      return HttpResponse.json({ resolved: body.delivery_ids.filter((id) => open.delete(id)).length });
    }),
  );
  return { open, asked, settled };
}

async function selectAll() {
  const { user } = await visitSignedIn("/reports/40?state=in_doubt&q=example");
  await user.click(await screen.findByRole("checkbox", { name: "Select all rows shown" }));
  await user.click(await screen.findByRole("button", { name: "Select all 1,203 found" }));
  await user.click(await screen.findByRole("checkbox", { name: "Select c3@example.org" }));
  return user;
}

test("all doubts that the filter finds are settled, but not those that come later", async () => {
  const { open, asked, settled } = doubts();
  const user = await selectAll();
  await user.click(screen.getByRole("button", { name: "They got it" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Call these delivered?" }));
  expect(dialog.getByText(/1,202 mails in doubt count as sent.* cannot be undone/)).toBeInTheDocument();
  await user.click(dialog.getByRole("button", { name: "Call 1,202 delivered" }));
  await screen.findByText("1,202 doubts settled.");
  expect([...open]).toEqual([9_003]);
  expect(asked[0]?.get("q")).toBe("example");
  expect(settled.map(({ as, delivery_ids }) => [as, delivery_ids.length])).toEqual([
    ["sent", 500],
    ["sent", 500],
    ["sent", 202],
  ]);
});

test("what failed is gone on from, and an answer that was lost takes nothing from the count", async () => {
  const { open, settled } = doubts();
  const user = await selectAll();
  await user.click(screen.getByRole("button", { name: "They did not get it" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Call these not delivered?" }));
  // The answer to the first step is lost, the second is refused.
  let tries = 0;
  server.use(
    http.post(at("/reports/40/resolve"), async ({ request }) => {
      tries++;
      if (tries === 1) {
        const body = (await request.clone().json()) as { delivery_ids: number[] };
        for (const id of body.delivery_ids) open.delete(id);
        return HttpResponse.error();
      }
      return tries === 3 ? problem(403) : undefined;
    }),
  );
  await user.click(dialog.getByRole("button", { name: "Call 1,202 not delivered" }));
  const running = within(await screen.findByRole("region", { name: "Doubts settled" }));
  await running.findByText(/It stopped after 500/, {}, { timeout: 3_000 });
  await user.click(running.getByRole("button", { name: "Go on" }));
  await screen.findByText("1,202 doubts settled.");
  expect([...open]).toEqual([9_003]);
  expect(new Set(settled.slice(1).flatMap(({ delivery_ids }) => delivery_ids)).size).toBe(702);
});

test("it is stopped between two steps and says how many were settled", async () => {
  const { open } = doubts();
  const user = await selectAll();
  await user.click(screen.getByRole("button", { name: "They got it" }));
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  server.use(
    http.post(at("/reports/40/resolve"), async () => {
      await held;
    }),
  );
  await user.click(await screen.findByRole("button", { name: "Call 1,202 delivered" }));
  await user.click(await screen.findByRole("button", { name: "Stop here" }));
  go();
  await screen.findByText("500 doubts settled. The rest is as it was.");
  await waitFor(() => expect(open.size).toBe(DOUBTS - 500));
});

test("doubts that came after they were counted stay, however long the dialog was open", async () => {
  const { open, settled } = doubts();
  const minute = Date.now() - 60_000;
  const since = { ...aDoubt(1), updated_at: "2026-11-20T07:59:30Z" };
  server.use(
    http.get(at("/reports/40/deliveries"), () =>
      HttpResponse.json(
        { items: [since, aDoubt(2)], next_cursor: null },
        { headers: { Date: "Fri, 20 Nov 2026 08:00:00 GMT" } },
      ),
    ),
  );
  const work = settleDoubts(40, { all: true, except: new Set() }, {}, "sent", minute);
  const sum = await work(() => {}, new AbortController().signal);
  expect(sum).toEqual({ done: 1, settled: 1 });
  expect(settled).toEqual([{ delivery_ids: [9_002], as: "sent" }]);
  expect(open.has(9_001)).toBe(true);
});
