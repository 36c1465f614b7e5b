// A mailing that starts by itself, one that is paused, resumed and cancelled, and a start that is taken back. The way to
// the first mailing and its report is in mission.journey.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { aMessage, person } from "./people.mjs";

/** A start takes ten seconds for second thoughts, and a minute goes before the next one begins. */
const LONG = { timeout: 120_000 };
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const someClients = async (api, n, name) => {
  for (let i = 0; i < n; i++)
    await api("POST", "/clients", { email: `${name}-${i}@example.org`, full_name: `Client ${i}` });
};

const status = (page, text) => page.locator("header").getByText(text, { exact: true });

/** Picks the message and all clients. */
async function prepare(page, words) {
  await page.getByPlaceholder(words.mailingForm.message.placeholder).click();
  await page.getByRole("option", { name: "Good day" }).click();
  const preview = page.frameLocator(`iframe[title="${words.mailingForm.message.preview}"]`);
  await preview.getByText(`Good day, ${words.messages.preview.sampleName}.`).waitFor();
  await page.getByRole("radio", { name: words.mailingForm.audience.all }).check();
  // As the first of them gets it.
  await preview.getByText("Good day, Client 0.").waitFor();
}

test("a scheduled mailing starts by itself", async () => {
  const { page, close, words, api } = await person(browser, { locale: "ru-RU" });
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
  await page
    .getByRole("table")
    .getByRole("link", { name: `2 ${words.state.delivery.sent}`, exact: true })
    .waitFor();
  await close();
});

test("a long mailing is paused, resumed and cancelled, and the consequence is told", async () => {
  const { page, close, words, api } = await person(browser);
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
  const pause = page.getByRole("button", { name: words.mailing.ask.pause });
  // On a phone it stands under the heading, at its left.
  await page.setViewportSize({ width: 375, height: 740 });
  const left = async (shown) => (await shown.boundingBox()).x;
  assert.equal(await left(pause), await left(page.getByRole("heading", { level: 1 })));
  await page.setViewportSize({ width: 1280, height: 800 });
  await pause.click();
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

/** Somebody who has just started a mailing to one client. */
async function whoStarts(prefix) {
  const one = await person(browser);
  const { page, words, api } = one;
  await someClients(api, 1, prefix);
  await aMessage(api);
  await page.goto("/mailings/new");
  await prepare(page, words);
  await page.getByRole("button", { name: words.mailingForm.check.now }).click();
  await page.waitForURL(/\/mailings\/\d+$/);
  return { ...one, id: Number(new URL(page.url()).pathname.split("/").at(-1)) };
}

test("a start is taken back within its ten seconds, also from another page", async () => {
  const { page, close, words, api, id } = await whoStarts("undo");
  await page.getByRole("link", { name: words.nav.clients }).click();
  await page.getByRole("heading", { level: 1, name: words.clients.title }).waitFor();
  await page.getByRole("button", { name: words.ui.undo }).click();
  await page.getByText("“Good day” was not started.").waitFor();
  assert.equal((await api("GET", `/mailings/${id}`)).status, "draft");
  assert.deepEqual((await api("GET", `/mailings/${id}/runs`)).items, []);
  await close();
});

test("a start is taken back by the page that was loaded again", async () => {
  const { page, close, words, api, id } = await whoStarts("reload");
  await page.reload();
  await page.getByRole("button", { name: words.ui.undo }).click();
  await page.getByText("“Good day” was not started.").waitFor();
  assert.equal((await api("GET", `/mailings/${id}`)).status, "draft");
  await page.reload();
  await status(page, words.state.mailing.draft).waitFor();
  assert.equal(await page.getByRole("button", { name: words.ui.undo }).count(), 0);
  await close();
});
