// Whoever opens what belongs to somebody else finds that there is no such page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { aMessage, person } from "./people.mjs";
import { en } from "./words.mjs";

let browser;
let owner;
let things;

before(async () => {
  browser = await launch();
  owner = await person(browser);
  things = await somethingOf(owner.api);
});
after(() => browser?.close());

/** A client, a message, a mailing that runs, one that waits, and a report with something refused. */
async function somethingOf(api) {
  const client = await api("POST", "/clients", {
    email: "reader@example.org",
    full_name: "Reader",
    tags: ["vip"],
  });
  await api("POST", "/suppressions", { email: "never@example.org", reason: "blocked", note: "" });
  for (const n of [1, 2, 3]) await api("POST", "/clients", { email: `more${n}@example.org` });
  const message = await aMessage(api);
  const mailing = { message_id: message.id, audience: { all: true } };
  const running = await api("POST", "/mailings", { ...mailing, name: "Slow news", rate_per_minute: 1 });
  const draft = await api("POST", "/mailings", { ...mailing, name: "Coming news", draft: true });
  const { id: ownerId } = await api("GET", "/me");
  return { client, message, running, draft, ownerId, run: running.last_run_id };
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });

test("what is somebody else's is no page, and says so where one stands", async () => {
  const { page, close } = await person(browser, { path: "/mailings" });
  const { client, message, running, run } = things;
  for (const path of [
    `/mailings/${running.id}`,
    `/mailings/${running.id}/edit`,
    `/messages/${message.id}`,
    `/reports/${run}`,
    `/reports/${run}/clients/${client.id}`,
    "/mailings/999999",
    "/mailings/none",
  ]) {
    await page.goto(path);
    await heading(page, en.notFound.title).waitFor();
    await page.getByRole("navigation", { name: en.app.navigation }).waitFor();
  }
  await page.goto(`/clients?open=${client.id}`);
  const panel = page.getByRole("dialog");
  await panel.getByRole("alert").waitFor();
  assert.equal(await panel.getByRole("button", { name: en.failure.retry }).count(), 0);
  await page.goto("/admin/system");
  await page.getByRole("heading", { name: en.ui.forbidden.title }).waitFor();
  await close();
});
