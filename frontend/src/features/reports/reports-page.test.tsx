import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { User } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aMailing, anna, aReport, at, noCounts, problem, server } from "@/test/server";

const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });

test("a run stands with its sums, each a link to its rows, or with why it was not sent", async () => {
  server.use(
    http.get(at("/reports"), () =>
      HttpResponse.json({
        items: [
          aReport({ counts: { ...noCounts, planned: 1200, sent: 1197, failed: 3 } }),
          aReport({ run_id: 41, mailing_name: "Lost", status: "missed", reason: "late", started_at: null }),
          aReport({ run_id: 42, mailing_name: "Again", parent_run_id: 40 }),
          aReport({ run_id: 43, mailing_name: "Later", status: "planned", started_at: null }),
        ],
        next_cursor: null,
      }),
    ),
  );
  await visitSignedIn("/reports");
  const weekly = within(await row("Weekly letter"));
  expect(weekly.getByText("Finished")).toBeInTheDocument();
  expect(weekly.getByRole("link", { name: "1,197 Sent" })).toHaveAttribute(
    "href",
    "/reports/40?state=sent#recipients",
  );
  expect(weekly.getByRole("link", { name: "3 Refused" })).toBeInTheDocument();
  expect(weekly.queryByRole("link", { name: /In doubt/ })).not.toBeInTheDocument();
  expect(within(await row("Lost")).getByText(/its time passed/)).toBeInTheDocument();
  expect(within(await row("Again")).getByText("Retry of run 40")).toBeInTheDocument();
  expect(within(await row("Later")).getByText("Recipients are taken when it starts")).toBeInTheDocument();
});

test("filters are asked for and kept in the address; days are those of the person's zone", async () => {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get(at("/mailings"), () => HttpResponse.json({ items: [aMailing()], next_cursor: null })),
    http.get(at("/reports"), ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  const { user, router } = await visitSignedIn("/reports?from=2026-12-01&to=2026-12-01");
  await screen.findByRole("heading", { name: "No report fits these filters" });
  expect(asked.at(-1)?.get("from")).toBe("2026-11-30T21:00:00.000Z");
  expect(asked.at(-1)?.get("to")).toBe("2026-12-01T21:00:00.000Z");
  await user.selectOptions(screen.getByLabelText("Status"), "Missed");
  await screen.findByRole("option", { name: "Weekly letter" });
  await user.selectOptions(screen.getByLabelText("Mailing"), "Weekly letter");
  await waitFor(() => expect(asked.at(-1)?.get("mailing_id")).toBe("1"));
  expect(asked.at(-1)?.get("status")).toBe("missed");
  expect(router.state.location.search).toMatchObject({ status: "missed", mailing_id: 1, from: "2026-12-01" });
  await user.click(screen.getByRole("button", { name: "Show all reports" }));
  await screen.findByRole("heading", { name: "No reports yet" });
  expect(router.state.location.search).toEqual({});
});

test.each<[string, Partial<User>, string, string | null]>([
  ["a user", {}, "/reports?owner=all", null],
  ["a manager", { is_staff: true, permissions: ["reports.view_all"] }, "/reports", "7"],
  [
    "a manager who asks for all",
    { is_staff: true, permissions: ["reports.view_all"] },
    "/reports?owner=all",
    null,
  ],
])("%s sees their own reports unless all are wanted", async (who, rights, path, owner) => {
  let asked: string | null = "nothing";
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })),
    http.get(at("/reports"), ({ request }) => {
      asked = new URL(request.url).searchParams.get("owner_id");
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  await visitSignedIn(path);
  await screen.findByRole("heading", { name: "No reports yet" });
  expect(asked).toBe(owner);
  expect(screen.queryByLabelText("Owner") !== null).toBe(who !== "a user");
});

test("a failure is said in words and tried again", async () => {
  let broken = true;
  server.use(
    http.get(at("/reports"), () =>
      broken ? problem(500) : HttpResponse.json({ items: [], next_cursor: null }),
    ),
  );
  const { user } = await visitSignedIn("/reports");
  await screen.findByRole("alert");
  broken = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByRole("heading", { name: "No reports yet" });
});
