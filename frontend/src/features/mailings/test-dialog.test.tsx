import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { TestMail } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aMailing, anna, at, problem, server } from "@/test/server";

const waiting: TestMail = {
  ...{ id: 31, to: anna.email, state: "waiting", reason: "", attempts: 0, code: 0, enhanced: "" },
  ...{ response: "", next_at: null, created_at: "2026-11-01T12:00:00Z", ended_at: null },
};

let sent: number;

/** What the server tells of the test. */
const told = (mail: Partial<TestMail>) =>
  server.use(http.get(at("/test-mails/31"), () => HttpResponse.json({ ...waiting, ...mail })));

beforeEach(() => {
  sent = 0;
  const taken = () => {
    sent++;
    return HttpResponse.json({ id: 31 }, { status: 202 });
  };
  const message = { id: 3, name: "Spring news", subject: "Spring", html: "<p>Spring</p>", text: "" };
  server.use(
    http.get(at("/mailings/1"), () => HttpResponse.json(aMailing(), { headers: { ETag: '"1"' } })),
    http.get(at("/mailings/1/runs"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.get(at("/mailings/1/audience"), () => HttpResponse.json({ count: 3, sample: [], skipped: {} })),
    http.get(at("/messages"), () => HttpResponse.json({ items: [message], next_cursor: null })),
    http.get(at("/messages/:id"), () => HttpResponse.json(message)),
    http.post(at("/messages/preview"), () =>
      HttpResponse.json({ subject: "Spring", html: "<p>Spring</p>", text: "", missing: [] }),
    ),
    http.get(at("/inbox"), () => problem(404)),
    http.post(at("/mailings/1/test"), taken),
    http.post(at("/messages/3/test"), taken),
  );
});

async function onPage() {
  const { user } = await visitSignedIn("/mailings/1");
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Send me a test mail" }));
  return { user, dialog: within(await screen.findByRole("dialog", { name: "Test mail" })) };
}

async function inWizard() {
  const { user } = await visitSignedIn("/mailings/new?message_id=3");
  await screen.findByTitle("Preview of the message");
  await user.click(screen.getByRole("button", { name: "Send me a test mail" }));
  return { user, dialog: within(await screen.findByRole("dialog", { name: "Test mail" })) };
}

test.each([
  ["on the mailing's page", onPage],
  ["before it is started", inWizard],
])("a test of a mailing tells what the mail server said: %s", async (_, open) => {
  told({ state: "failed", attempts: 1, code: 550, enhanced: "5.1.1", response: "Who?" });
  const { user, dialog } = await open();
  await dialog.findByText(/^The mail server refused it/);
  dialog.getByText("550 5.1.1 Who?");
  told({ state: "sent", attempts: 1, code: 250, response: "Queued" });
  await user.click(dialog.getByRole("button", { name: "Send it again" }));
  await waitFor(() => expect(sent).toBe(2));
  await user.click(dialog.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("a test of a mailing that waits says so, one that was not taken why", async () => {
  told({ reason: "no_worker" });
  const { user, dialog } = await onPage();
  await dialog.findByText(/^It waits: no worker is running/);
  server.use(http.post(at("/mailings/1/test"), () => problem(429)));
  await user.click(dialog.getByRole("button", { name: "Send it again" }));
  await dialog.findByText("The test was not sent");
});
