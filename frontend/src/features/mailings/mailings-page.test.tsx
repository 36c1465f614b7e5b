import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, onTestFinished, test, vi } from "vitest";
import type { MailingPage, Report, User } from "@/api/types";
import { visit, visitSignedIn } from "@/test/app";
import { aMailing, anna, at, problem, server } from "@/test/server";

const answer = (page: MailingPage) => HttpResponse.json(page);
const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });

test("a visitor is sent to sign-in and the way back is kept", async () => {
  const { router } = visit("/mailings?status=draft");
  await screen.findByRole("heading", { name: "Sign in" });
  expect(router.state.location.search).toEqual({ return_to: "/mailings?status=draft" });
});

test("mailings stand with their state and the next start in the person's zone, and lead to their pages", async () => {
  server.use(
    http.get(at("/mailings"), () =>
      answer({
        items: [
          aMailing({ status: "scheduled", next_run_at: "2030-12-01T22:30:00Z" }),
          aMailing({ id: 2, name: "Spring news" }),
        ],
        next_cursor: null,
      }),
    ),
  );
  await visitSignedIn("/mailings");
  const weekly = within(await row("Weekly letter"));
  expect(weekly.getByText("Scheduled")).toBeInTheDocument();
  expect(weekly.getByText("2 Dec 2030, 01:30")).toHaveAttribute("datetime", "2030-12-01T22:30:00Z");
  expect(weekly.getByRole("link", { name: "Weekly letter" })).toHaveAttribute("href", "/mailings/1");
  expect(within(await row("Spring news")).getByText("None planned")).toBeInTheDocument();
  expect(screen.getByText(/Times are in Europe\/Moscow/)).toBeInTheDocument();
});

test("one that is being sent shows how far it is", async () => {
  const counts: Report["counts"] = {
    planned: 412,
    pending: 200,
    sending: 10,
    deferred: 2,
    sent: 190,
    failed: 10,
    skipped: 0,
    in_doubt: 0,
    expired: 0,
    cancelled: 0,
  };
  server.use(
    http.get(at("/mailings"), () =>
      answer({ items: [aMailing({ status: "running", last_run_id: 5 })], next_cursor: null }),
    ),
    http.get(at("/reports/5"), () =>
      HttpResponse.json({ run_id: 5, status: "running", reason: "", rate_per_second: 20, counts }),
    ),
  );
  await visitSignedIn("/mailings");
  const bar = await screen.findByRole("progressbar");
  expect(bar).toHaveAttribute("aria-valuetext", "200 of 412, 20 a second, 11 secs left");
});

test("without mailings the page names the three steps, ticked off as they are done", async () => {
  server.use(
    http.get(at("/clients"), () =>
      HttpResponse.json({ items: [{ id: 1, email: "a@example.org", tags: [] }], next_cursor: null }),
    ),
  );
  await visitSignedIn("/mailings");
  await screen.findByRole("heading", { name: "No mailings yet" });
  expect(screen.getAllByRole("listitem")).toHaveLength(3);
  expect(await screen.findAllByRole("img", { name: "Done:" })).toHaveLength(1);
});

test("status and search are asked for and kept in the address", async () => {
  const asked: string[] = [];
  server.use(
    http.get(at("/mailings"), ({ request }) => {
      const { searchParams } = new URL(request.url);
      asked.push(`${searchParams.get("status")} ${searchParams.get("q")}`);
      const filtered = searchParams.has("status") || searchParams.has("q");
      return answer({ items: filtered ? [] : [aMailing()], next_cursor: null });
    }),
  );
  const { user, router } = await visitSignedIn("/mailings");
  await row("Weekly letter");
  await user.selectOptions(screen.getByLabelText("Status"), "Sending");
  await screen.findByRole("heading", { name: "No such mailings" });
  await user.type(screen.getByLabelText("Search by name"), "spring{Enter}");
  await waitFor(() => expect(router.state.location.search).toEqual({ status: "running", q: "spring" }));
  await user.click(screen.getByRole("link", { name: "Show all mailings" }));
  await row("Weekly letter");
  expect(asked).toEqual(["null null", "running null", "running spring"]);
});

test("a failure is said in words with its request, and tried again", async () => {
  server.use(http.get(at("/mailings"), () => problem(500), { once: true }));
  const { user } = await visitSignedIn("/mailings");
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("Something went wrong at the server.");
  expect(alert).toHaveTextContent("Request req-1");
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByRole("heading", { name: "No mailings yet" });
});

test.each<[string, Partial<User>, string, string | null]>([
  ["a user", {}, "?owner=all", null],
  ["a manager", { is_staff: true, permissions: ["mailings.view_all"] }, "", "7"],
  [
    "a manager who asks for everyone's",
    { is_staff: true, permissions: ["mailings.view_all"] },
    "?owner=all",
    null,
  ],
  ["a manager without staff status", { permissions: ["mailings.view_all"] }, "", null],
])("whose mailings %s sees", async (_, rights, search, owner) => {
  let asked: string | null = "nothing";
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })),
    http.get(at("/mailings"), ({ request }) => {
      asked = new URL(request.url).searchParams.get("owner_id");
      return answer({ items: [aMailing({ owner_email: "boris@example.com" })], next_cursor: null });
    }),
  );
  await visitSignedIn(`/mailings${search}`);
  await row("Weekly letter");
  expect(asked).toBe(owner);
  const owners = screen.queryByText("boris@example.com");
  if (rights.is_staff && search) expect(owners).toBeInTheDocument();
  else expect(owners).not.toBeInTheDocument();
});

test("the language of an account goes with its session", async () => {
  const browser = vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  onTestFinished(() => browser.mockRestore());
  server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, locale: "ru" })));
  localStorage.removeItem("postrider.language");
  const { user } = await visitSignedIn("/mailings");
  await user.click(await screen.findByRole("button", { name: "Учётная запись: anna@example.com" }));
  await user.click(await screen.findByRole("menuitem", { name: "Выйти" }));
  await screen.findByRole("link", { name: "Create an account" });
  expect(document.documentElement.lang).toBe("en");
});

test("signing out leads home and leaves nothing behind", async () => {
  const { user, queries } = await visitSignedIn("/mailings");
  await user.click(await screen.findByRole("button", { name: "Account: anna@example.com" }));
  await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  await screen.findByRole("link", { name: "Create an account" });
  // What is shown may ask anew for what it does not get; of what was known nothing is left but the public figures.
  const known = () =>
    queries.getQueriesData({}).flatMap(([key, data]) => (data === undefined ? [] : [key[0]]));
  await waitFor(() => expect(known().filter((key) => key !== "home")).toEqual([]));
});
