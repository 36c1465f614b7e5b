// A report against a mail server that misbehaves by a script: what was refused is retried, a doubt is settled, the
// server of the interface dies in the middle of a run and the page comes back, and a stranger finds nothing.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, installation } from "./program.mjs";
import { en } from "./words.mjs";

const SCRIPT = `
at rcpt to refused* first-try do reply 550 "5.1.1 user unknown"
at body to doubt* first-try do drop
`;

let place;
let program;
let browser;
let tools;
let people;

before(async () => {
  const smtp = await freePort();
  place = await installation({ POSTRIDER_SMTP_URL: `smtp://127.0.0.1:${smtp}?tls=none` });
  const script = join(place.folder, "script");
  writeFileSync(script, SCRIPT);
  place.start(["sink", "--listen", `127.0.0.1:${smtp}`, "--script", script]);
  program = await place.up();
  tools = await import("./browser.mjs");
  people = await import("./people.mjs");
  browser = await tools.launch();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

/** Somebody new who is signed in, with patience: two programs, a sink and a browser share the machine. */
async function person(more) {
  const one = await people.person(browser, more);
  one.page.setDefaultTimeout(60_000);
  return one;
}

/** Starts a mailing to new clients with these addresses; resolves with its run. */
async function send(api, addresses, more = {}) {
  const client_ids = [];
  for (const email of addresses) client_ids.push((await api("POST", "/clients", { email })).id);
  const message = await api("POST", "/messages", { name: "News", subject: "News", text: "Good day." });
  const mailing = { name: "News of the day", message_id: message.id, audience: { client_ids }, ...more };
  return (await api("POST", "/mailings", mailing)).last_run_id;
}

/** Somebody whom the superuser made a manager. */
async function aManager() {
  const email = people.someEmail("manager");
  const { id } = await tools.call("POST", "/auth/register", {
    email,
    password: people.PASSWORD,
    locale: "en",
  });
  const { POSTRIDER_ADMIN_EMAIL, POSTRIDER_ADMIN_PASSWORD } = process.env;
  const root = await tools.apiAs(POSTRIDER_ADMIN_EMAIL, POSTRIDER_ADMIN_PASSWORD);
  await root("PATCH", `/users/${id}`, { is_staff: true, groups: ["manager"] });
  return person({ email });
}

test("what was refused is retried, and a doubt is settled by hand", async () => {
  const { page, close, api } = await person();
  const run = await send(api, ["refused@example.org", "doubt@example.org", "well@example.org"]);
  const button = (name) => page.getByRole("button", { name, exact: true });

  await page.goto("/reports");
  await page.getByRole("link", { name: "News of the day" }).click();
  await page.getByText("3 planned = 1 sent + 1 refused + 1 in doubt").waitFor({ timeout: 90_000 });
  await tools.inspect(page, "journey-report");

  // A manager reads all of it and settles none.
  const manager = await aManager();
  const retry = [manager.page, page].map((one) => one.getByRole("button", { name: en.reports.retry.open }));
  await manager.page.goto(`/reports/${run}?state=in_doubt`);
  await manager.page.getByRole("link", { name: "doubt@example.org: what happened" }).click();
  await manager.page.getByRole("dialog").getByRole("heading").first().waitFor();
  await manager.page.keyboard.press("Escape");
  assert.deepEqual(await Promise.all(retry.map((one) => one.count())), [0, 1]);
  assert.equal(await manager.page.getByRole("main").getByRole("checkbox").count(), 0);
  const { client_id } = (await api("GET", `/reports/${run}/deliveries?state=in_doubt`)).items[0];
  for (const [one, settles] of [
    [page, 1],
    [manager.page, 0],
  ]) {
    await one.goto(`/reports/${run}/clients/${client_id}`);
    await one.getByRole("link", { name: en.why.report, exact: true }).waitFor();
    await one.getByText(en.state.delivery.in_doubt, { exact: true }).first().waitFor();
    for (const name of [en.reports.resolve.sent, en.reports.resolve.failed])
      assert.equal(await one.getByRole("button", { name, exact: true }).count(), settles, name);
  }
  await manager.close();
  await page.goto(`/reports/${run}`);

  await page.getByRole("link", { name: "Refused: show 1" }).click();
  await page.getByRole("link", { name: "refused@example.org: what happened" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByText("550 5.1.1 user unknown").waitFor();
  await panel.getByText(en.smtp.words.mailboxUnknown).first().waitFor();
  await tools.inspect(page, "journey-delivery");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });

  await page.getByRole("link", { name: "In doubt: show 1" }).click();
  await page.getByRole("checkbox", { name: "Select doubt@example.org" }).check();
  await button(en.reports.resolve.sent).click();
  await page.getByRole("dialog").getByRole("button", { name: "Call 1 delivered" }).click();
  await page.getByText("3 planned = 2 sent + 1 refused").waitFor();

  await button(en.reports.retry.open).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send 1 mail again" }).click();
  await page.getByRole("link", { name: `Retries what was left of run ${run}` }).waitFor();
  await page.getByText("1 planned = 1 sent").waitFor({ timeout: 90_000 });
  const { pathname } = new URL(page.url());
  assert.notEqual(pathname, `/reports/${run}`);

  // What was retried is not offered again.
  await page.goto(`/reports/${run}`);
  await page.getByText("Nothing is left to retry").waitFor({ timeout: 90_000 });
  assert.equal(await page.getByRole("main").locator(`a[href="${pathname}"]`).count(), 1);
  assert.equal(await button(en.reports.retry.open).count(), 0);
  await tools.inspect(page, "journey-report-retried");
  await close();
});

test("the server dies in the middle of a run and the page comes back by itself", async () => {
  const { page, close, api } = await person();
  const addresses = Array.from({ length: 40 }, (_, n) => `slow${n}@example.org`);
  const run = await send(api, addresses, { rate_per_minute: 120 });
  await page.goto(`/reports/${run}`);
  const bar = page.getByRole("progressbar").first();
  await bar.waitFor();
  await page.waitForFunction(
    () => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) >= 3,
    null,
    { timeout: 60_000 },
  );
  program.kill("SIGKILL");
  await program.ended;
  // It asks again and again, and what was known stays on the page.
  for (let tries = 0; tries < 3; tries++) {
    await page.waitForEvent("requestfailed", (request) => request.url().includes("/api/v1/"));
    assert.ok(await bar.isVisible());
  }
  program = await place.up();
  await page.getByText(/^40 planned = /).waitFor({ timeout: 240_000 });
  await page.getByRole("status").getByText(en.state.run.finished).waitFor({ timeout: 240_000 });
  const { counts } = await api("GET", `/reports/${run}`);
  assert.equal(counts.sent + counts.in_doubt, 40, JSON.stringify(counts));
  await close();
});

test("somebody else's report is no page", async () => {
  const owner = await person();
  const run = await send(owner.api, ["one@example.org"]);
  await owner.close();
  const { page, close } = await person();
  for (const path of [`/reports/${run}`, `/reports/${run}/clients/1`, "/reports/999999"]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1, name: en.notFound.title }).waitFor();
  }
  await close();
});
