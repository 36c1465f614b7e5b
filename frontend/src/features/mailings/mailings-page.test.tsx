import { screen, waitFor, within } from "@testing-library/react";
import { delay, HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { MailingPage, User } from "@/api/types";
import { visit, visitSignedIn } from "@/test/app";
import { aMailing, anna, at, problem, server } from "@/test/server";

const answer = (page: MailingPage) => HttpResponse.json(page);
const row = (name: string) => screen.findByRole("row", { name: new RegExp(name) });

test("a visitor is sent to sign-in and the way back is kept", async () => {
  const { router } = visit("/mailings?status=draft");
  await screen.findByRole("heading", { name: "Sign in" });
  expect(router.state.location.search).toEqual({ return_to: "/mailings?status=draft" });
});

test("mailings stand with their state and the next start in the person's zone", async () => {
  server.use(
    http.get(at("/mailings"), async () => {
      await delay(20);
      return answer({
        items: [
          aMailing({
            status: "scheduled",
            next_run_at: "2030-12-01T22:30:00Z",
          }),
          aMailing({ id: 2, name: "Spring news" }),
        ],
        next_cursor: null,
      });
    }),
  );
  await visitSignedIn("/mailings");
  expect(await screen.findByRole("status", { name: "Loading the mailings" })).toBeInTheDocument();
  const weekly = within(await row("Weekly letter"));
  expect(weekly.getByText("Scheduled")).toBeInTheDocument();
  expect(weekly.getAllByText("2 Dec 2030, 01:30")[0]).toHaveAttribute("datetime", "2030-12-01T22:30:00Z");
  expect(within(await row("Spring news")).getByText("None planned")).toBeInTheDocument();
  expect(screen.getByText(/Times are in Europe\/Moscow/)).toBeInTheDocument();
  expect(screen.getByText("2 mailings shown")).toBeInTheDocument();
});

test("without mailings the page names the next step", async () => {
  await visitSignedIn("/mailings");
  await screen.findByRole("heading", { name: "No mailings yet" });
  expect(screen.getAllByRole("listitem")).toHaveLength(3);
});

test("the status is chosen, asked for and kept in the address", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(at("/mailings"), ({ request }) => {
      const status = new URL(request.url).searchParams.get("status");
      asked.push(status);
      return answer({ items: status ? [] : [aMailing()], next_cursor: null });
    }),
  );
  const { user, router } = await visitSignedIn("/mailings");
  await row("Weekly letter");
  await user.selectOptions(screen.getByLabelText("Status"), "Sending");
  await screen.findByRole("heading", { name: "No mailings with the status “Sending”" });
  expect(router.state.location.search).toEqual({ status: "running" });
  expect(asked).toEqual([null, "running"]);
  await user.click(screen.getByRole("link", { name: "Show all mailings" }));
  await row("Weekly letter");
  expect(router.state.location.search).toEqual({});
});

test("a status that does not exist in the address is no filter", async () => {
  await visitSignedIn("/mailings?status=processed");
  await screen.findByRole("heading", { name: "No mailings yet" });
});

test("more are loaded after those that are there, and a failure loses none", async () => {
  let broken = true;
  server.use(
    http.get(at("/mailings"), ({ request }) => {
      const cursor = new URL(request.url).searchParams.get("cursor");
      if (cursor === null) return answer({ items: [aMailing()], next_cursor: "after-1" });
      if (broken) return problem(503);
      return answer({ items: [aMailing({ id: 2, name: "Spring news" })], next_cursor: null });
    }),
  );
  const { user } = await visitSignedIn("/mailings");
  await screen.findByText("1 mailing shown, there are more");
  await user.click(screen.getByRole("button", { name: "Load more" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The next mailings could not be loaded.");
  broken = false;
  await user.click(screen.getByRole("button", { name: "Load more" }));
  await row("Spring news");
  await row("Weekly letter");
  expect(screen.queryByRole("button", { name: "Load more" })).not.toBeInTheDocument();
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

test.each<[string, Partial<User>, string | null]>([
  ["a user", {}, null],
  ["a manager", { is_staff: true, permissions: ["mailings.view_all"] }, "7"],
  ["a manager without staff status", { permissions: ["mailings.view_all"] }, null],
  ["a superuser", { is_superuser: true }, "7"],
])("%s sees their own mailings", async (_, rights, owner) => {
  let asked: string | null = "nothing";
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, ...rights })),
    http.get(at("/mailings"), ({ request }) => {
      asked = new URL(request.url).searchParams.get("owner_id");
      return answer({ items: [], next_cursor: null });
    }),
  );
  await visitSignedIn("/mailings");
  await screen.findByRole("heading", { name: "No mailings yet" });
  expect(asked).toBe(owner);
});

test("signing out leads home and leaves nothing behind", async () => {
  const { user, queries } = await visitSignedIn("/mailings");
  await user.click(await screen.findByRole("button", { name: "Account: anna@example.com" }));
  await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  await screen.findByRole("link", { name: "Create an account" });
  await waitFor(() => expect(queries.getQueryCache().find({ queryKey: ["me"] })).toBeUndefined());
});
