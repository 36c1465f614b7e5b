// A visitor's way to their first mailing and its report, a mailing that starts by itself, one that is paused, resumed
// and cancelled, and a start that is taken back.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { apiAs, launch, visitor } from "./browser.mjs";
import { en, ru } from "./words.mjs";

const PASSWORD = "quiet-harbour-lantern-42";
/** A start takes ten seconds for second thoughts, and a minute goes before the next one begins. */
const LONG = { timeout: 120_000 };
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Somebody signed in with an API beside the browser. */
async function person(locale) {
  const email = `mailing-${randomBytes(6).toString("hex")}@example.com`;
  const words = locale === "ru-RU" ? ru : en;
  const { page, close } = await visitor(browser, locale);
  await page.goto("/register");
  await page.getByLabel(words.signIn.email).fill(email);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: words.register.submit, exact: true }).click();
  await page.getByRole("navigation", { name: words.app.navigation }).waitFor();
  return { page, close, words, api: await apiAs(email, PASSWORD), email };
}

const aMessage = (api) =>
  api("POST", "/messages", {
    name: "Good day",
    subject: "Good day, {{ client.full_name }}",
    html: "<p>Good day, {{ client.full_name }}.</p>",
  });

const someClients = async (api, n, name) => {
  for (let i = 0; i < n; i++)
    await api("POST", "/clients", { email: `${name}-${i}@example.org`, full_name: `Client ${i}` });
};

const status = (page, text) => page.locator("header").getByText(text, { exact: true });

/** Picks the message and all clients. */
async function prepare(page, words) {
  await page.getByPlaceholder(words.mailingForm.message.placeholder).click();
  await page.getByRole("option", { name: "Good day" }).click();
  await page
    .frameLocator(`iframe[title="${words.mailingForm.message.preview}"]`)
    .getByText("Good day")
    .waitFor();
  await page.getByRole("radio", { name: words.mailingForm.audience.all }).check();
}

test("a new visitor mails three clients and sees that the report adds up", async () => {
  const { page, close, words, api, email } = await person("en-GB");
  for (const name of ["Anna", "Boris", "Clara"]) {
    await page.goto("/clients?open=new");
    const panel = page.getByRole("dialog");
    await panel.getByLabel(words.clients.email).fill(`${name.toLowerCase()}-${email}`);
    await panel.getByLabel(words.clients.name, { exact: true }).fill(name);
    await panel.getByRole("button", { name: words.clients.create }).click();
    await page
      .getByRole("row", { name: new RegExp(`${name.toLowerCase()}-`) })
      .first()
      .waitFor();
  }
  await aMessage(api);

  await page.goto("/mailings");
  await page.getByRole("link", { name: words.mailings.new }).click();
  await prepare(page, words);
  await page.getByText("3 clients will be mailed").waitFor();
  // Slowly, so that the bar can be seen to move.
  await page.getByRole("button", { name: words.mailingForm.more.title }).click();
  await page.getByLabel(words.mailingForm.more.rate).fill("20");
  await page.getByText("“Good day” goes to 3 clients, as soon as you start it.").waitFor();
  await page.getByRole("button", { name: words.mailingForm.check.now }).click();

  await page.waitForURL(/\/mailings\/\d+$/);
  await page.getByText(/“Good day” starts in/).waitFor();
  await page.getByRole("heading", { level: 1, name: "Good day" }).waitFor();
  await page.getByRole("progressbar").waitFor(LONG);
  await page.waitForFunction(() => {
    const bar = document.querySelector('[role="progressbar"]');
    return Number(bar?.getAttribute("aria-valuenow")) > 0;
  });
  await status(page, words.state.mailing.finished).waitFor(LONG);

  const id = Number(new URL(page.url()).pathname.split("/").at(-1));
  const { last_run_id } = await api("GET", `/mailings/${id}`);
  const { counts } = await api("GET", `/reports/${last_run_id}`);
  assert.equal(counts.sent, 3);
  const { planned, ...states } = counts;
  assert.equal(
    Object.values(states).reduce((sum, n) => sum + n),
    planned,
  );
  const sent = page.getByRole("table").getByRole("link", { name: "3", exact: true });
  assert.match(await sent.getAttribute("href"), new RegExp(`/reports/${last_run_id}\\?state=sent`));
  await close();
});

test("a scheduled mailing starts by itself", async () => {
  const { page, close, words, api } = await person("ru-RU");
  await someClients(api, 2, "scheduled");
  await aMessage(api);
  await page.goto("/mailings/new");
  await prepare(page, words);
  await page.getByText("Письмо получат 2 клиента").waitFor();
  await page.getByRole("radio", { name: words.mailingForm.when.at }).check();
  // The next whole minute that is not too near, as a clock in Moscow shows it.
  const start = new Date(Math.ceil((Date.now() + 15_000) / 60_000) * 60_000 + 3 * 3_600_000).toISOString();
  await page.locator('input[type="date"]').first().fill(start.slice(0, 10));
  await page.locator('input[type="time"]').first().fill(start.slice(11, 16));
  await page.getByRole("button", { name: words.mailingForm.check.schedule, exact: true }).click();
  await status(page, words.state.mailing.scheduled).waitFor();
  await page.getByText(words.mailing.next).waitFor();
  await status(page, words.state.mailing.finished).waitFor(LONG);
  await page.getByRole("table").getByRole("link", { name: "2", exact: true }).waitFor();
  await close();
});

test("a long mailing is paused, resumed and cancelled, and the consequence is told", async () => {
  const { page, close, words, api } = await person("en-GB");
  await someClients(api, 12, "long");
  const { id: message_id } = await aMessage(api);
  const { id } = await api("POST", "/mailings", {
    name: "Long letter",
    message_id,
    audience: { all: true },
    rate_per_minute: 2,
  });
  await page.goto(`/mailings/${id}`);
  await page.getByRole("progressbar").waitFor();
  await page.getByRole("button", { name: words.mailing.ask.pause }).click();
  await status(page, words.state.mailing.paused).waitFor(LONG);
  await page.getByText(words.reason.run.by_person).waitFor();
  await page.getByRole("button", { name: words.mailing.ask.resume }).click();
  await status(page, words.state.mailing.running).waitFor(LONG);

  await page.getByLabel(words.mailing.rate.label).fill("3");
  await page.getByRole("button", { name: words.mailing.rate.change }).click();
  await page.getByText("At most 3 mails a minute from now on.").waitFor();

  await page.getByRole("button", { name: words.mailing.more }).click();
  await page.getByRole("menuitem", { name: words.mailing.ask.cancel }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel “Long letter”?" });
  const told = await dialog.getByText(/mails not yet sent will be cancelled\.$/).textContent();
  await dialog.getByRole("button", { name: words.mailing.ask.cancel }).click();
  await status(page, words.state.mailing.cancelled).waitFor(LONG);
  const { counts } = await api("GET", `/reports/${(await api("GET", `/mailings/${id}`)).last_run_id}`);
  assert.equal(Number.parseInt(told, 10), counts.cancelled);
  await close();
});

test("a start is taken back within its ten seconds, also from another page", async () => {
  const { page, close, words, api } = await person("en-GB");
  await someClients(api, 1, "undo");
  await aMessage(api);
  await page.goto("/mailings/new");
  await prepare(page, words);
  await page.getByRole("button", { name: words.mailingForm.check.now }).click();
  await page.waitForURL(/\/mailings\/\d+$/);
  const id = Number(new URL(page.url()).pathname.split("/").at(-1));
  await page.getByRole("link", { name: words.nav.clients }).click();
  await page.getByRole("heading", { level: 1, name: words.clients.title }).waitFor();
  await page.getByRole("button", { name: words.ui.undo }).click();
  await page.getByText("“Good day” was not started.").waitFor();
  assert.equal((await api("GET", `/mailings/${id}`)).status, "draft");
  assert.deepEqual((await api("GET", `/mailings/${id}/runs`)).items, []);
  await close();
});
