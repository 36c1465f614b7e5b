// What Postrider is for, by hand alone: a visitor registers, adds three clients, writes to them, sees the bar move and
// the report add up to its last row.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inspect, launch, visitor } from "./browser.mjs";
import { PASSWORD, someEmail } from "./people.mjs";
import { en } from "./words.mjs";

/** A start takes ten seconds for second thoughts, and three mails by twenty a minute take six more. */
const LONG = { timeout: 120_000 };
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("a visitor registers, mails three clients now, and the report adds up", async () => {
  const email = someEmail("mission");
  const { page, close } = await visitor(browser, "en-GB");
  const button = (name) => page.getByRole("button", { name, exact: true });
  const link = (name) => page.getByRole("link", { name, exact: true });
  const main = page.getByRole("main");

  await page.goto("/");
  await link(en.home.start).click();
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.register.name).fill("Anna");
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await button(en.register.submit).click();
  await heading(page, en.dashboard.title).waitFor();

  await link(en.dashboard.steps.clients).click();
  await heading(page, en.clients.title).waitFor();
  for (const name of ["Boris", "Clara", "Dora"]) {
    await main.getByRole("button", { name: en.clients.add, exact: true }).click();
    const panel = page.getByRole("dialog");
    await panel.getByLabel(en.clients.email).fill(`${name.toLowerCase()}@example.org`);
    await panel.getByLabel(en.clients.name, { exact: true }).fill(name);
    await panel.getByRole("button", { name: en.clients.create }).click();
    await panel.getByText(en.clients.history.none).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  }

  await link(en.nav.messages).click();
  await main.getByRole("link", { name: en.messages.empty.act }).click();
  await page.getByRole("textbox", { name: en.messages.name, exact: true }).fill("Spring fair");
  await page.getByRole("textbox", { name: en.messages.subject, exact: true }).fill("Come to the fair");
  await page.getByRole("textbox", { name: en.messages.tab.visual }).click();
  await page.keyboard.type("Good day, ");
  await page
    .getByRole("button", { name: `${en.messages.placeholder.insert}: ${en.messages.tab.visual}` })
    .click();
  await page.getByRole("button", { name: "client.full_name" }).click();
  await button(en.messages.create).click();
  await page.waitForURL(/\/messages\/\d+/);

  await link(en.nav.dashboard).click();
  for (const step of ["clients", "message"])
    await page.getByRole("img", { name: `Done: ${en.dashboard.steps[step]}` }).waitFor();
  await link(en.dashboard.steps.mailing).click();
  await page.getByPlaceholder(en.mailingForm.message.placeholder).click();
  await page.getByRole("option", { name: "Spring fair" }).click();
  await page
    .frameLocator(`iframe[title="${en.mailingForm.message.preview}"]`)
    .getByText("Good day, ")
    .waitFor();
  await page.getByRole("radio", { name: en.mailingForm.audience.all }).check();
  await page.getByText("3 clients will be mailed").waitFor();
  // Slowly, so that the bar can be seen to move.
  await button(en.mailingForm.more.title).click();
  await page.getByLabel(en.mailingForm.more.rate).fill("20");
  await page.getByText("“Spring fair” goes to 3 clients, as soon as you start it.").waitFor();
  await button(en.mailingForm.check.now).click();

  await page.waitForURL(/\/mailings\/\d+$/);
  await page.getByText(/“Spring fair” starts in/).waitFor();
  await page.getByRole("progressbar").waitFor(LONG);
  // Neither at its beginning nor at its end: it moves.
  await page.waitForFunction(
    () => {
      const now = Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow"));
      return now > 0 && now < 100;
    },
    null,
    LONG,
  );
  await page.locator("header").getByText(en.state.mailing.finished, { exact: true }).waitFor(LONG);

  // From the number to its rows.
  await page
    .getByRole("table")
    .getByRole("link", { name: `3 ${en.state.delivery.sent}`, exact: true })
    .click();
  await page.getByText("3 planned = 3 sent", { exact: true }).waitFor();
  await page.getByRole("img", { name: "Attempts over time: 3 sent, 0 refused, 0 to be retried" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("state"), "sent");
  const opens = page.getByRole("link", { name: /: what happened$/ });
  await opens.nth(2).waitFor();
  assert.equal(await opens.count(), 3);
  await inspect(page, "journey-report-of-three");
  await link("boris@example.org: what happened").click();
  await page.getByRole("dialog").getByText(/^250 /).first().waitFor();
  await page.keyboard.press("Escape");

  const download = page.waitForEvent("download");
  await button(en.reports.deliveries.csvFound).click();
  const file = await download;
  assert.match(file.suggestedFilename(), /^deliveries-\d+\.csv$/);
  assert.equal(
    readFileSync(await file.path(), "utf8")
      .trim()
      .split("\n").length,
    4,
  );

  // What the clients got, as this installation keeps it.
  await link(en.nav.inbox).click();
  await page.getByRole("searchbox", { name: en.inbox.to }).fill("boris@example.org");
  await page
    .getByRole("row", { name: /boris@example\.org/ })
    .getByRole("link", { name: "Come to the fair" })
    .click();
  await page.frameLocator("iframe").getByText("Good day, Boris").waitFor();
  await page.keyboard.press("Escape");

  await link(en.nav.dashboard).click();
  await page.getByRole("img", { name: "In 30 days: 3 sent, 0 refused, 0 in doubt" }).waitFor();
  assert.equal(await page.getByText(en.dashboard.steps.title).count(), 0);
  await close();
});
