// The server cannot answer for a while, on each kind of screen: the page says so in words, offers another try, keeps
// what stands in a form, and the try works when the server is back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect, launch } from "./browser.mjs";
import { aMessage, person } from "./people.mjs";
import { en } from "./words.mjs";

let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const ways = {
  "a server that says it cannot": [
    en.failure.unavailable,
    (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        body: JSON.stringify({ type: "about:blank", title: "Unavailable", status: 503 }),
      }),
  ],
  "a connection that is gone": [en.failure.network, (route) => route.abort()],
  "a proxy without a server behind it": [
    en.failure.unavailable,
    (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>502 Bad Gateway</h1>" }),
  ],
  "a network that wants to be signed in to": [
    en.failure.foreign,
    (route) =>
      route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" }),
  ],
};

/** Every call but those about who one is, which the frame has asked for already. */
const calls = (url) => url.pathname.startsWith("/api/v1/") && !/\/(auth\/|me$|events)/.test(url.pathname);

async function somethingOf(api) {
  const client = await api("POST", "/clients", { email: "reader@example.org", full_name: "Reader" });
  const message = await aMessage(api);
  const mailing = { message_id: message.id, audience: { all: true } };
  const sent = await api("POST", "/mailings", { ...mailing, name: "News of the day" });
  const draft = await api("POST", "/mailings", { ...mailing, name: "Coming news", draft: true });
  return { client, message, sent, draft, run: sent.last_run_id };
}

for (const [name, [words, fail]] of Object.entries(ways)) {
  test(`${name}: each kind of screen says so and offers another try`, async () => {
    const { page, close, api } = await person(browser);
    const { client, message, sent, draft, run } = await somethingOf(api);
    const main = page.getByRole("main");
    const rows = (text) => main.getByRole("row", { name: text }).first();
    for (const [path, shown] of [
      ["/clients", rows("reader@example.org")],
      [`/clients?open=${client.id}`, page.getByRole("dialog").getByText(en.clients.history.title)],
      ["/mailings", rows("Coming news")],
      [`/mailings/${sent.id}`, page.getByRole("heading", { level: 1, name: "News of the day" })],
      [`/mailings/${draft.id}/edit`, main.getByLabel(en.mailingForm.name)],
      ["/reports", rows("News of the day")],
      [`/reports/${run}`, main.getByText("1 planned = 1 sent", { exact: true })],
      [`/messages/${message.id}`, main.getByRole("textbox", { name: en.messages.subject, exact: true })],
      ["/account/api-keys", main.getByRole("heading", { name: en.apiKeys.empty.title })],
      ["/dashboard", main.getByRole("link", { name: "Coming news" }).or(main.getByRole("heading").nth(1))],
    ]) {
      await page.route(calls, fail);
      await page.goto(path);
      const place = path.includes("open=") ? page.getByRole("dialog") : main;
      const alert = place.getByRole("alert").filter({ hasText: words }).first();
      await alert.waitFor();
      const retry = alert.getByRole("button", { name: en.failure.retry });
      await retry.waitFor();
      if (path === "/dashboard") await inspect(page, "journey-outage");
      await page.unroute(calls, fail);
      // Each part of a page that failed has its own.
      for (let tries = 0; tries < 10 && (await retry.count()); tries++) {
        await retry.click({ noWaitAfter: true }).catch(() => {});
        await alert.or(shown).first().waitFor();
        if (await shown.count()) break;
      }
      await shown.first().waitFor();
    }
    await close();
  });

  test(`${name}: a form keeps what was typed and is saved by another try`, async () => {
    const { page, close, api } = await person(browser);
    const { client, message } = await somethingOf(api);
    await page.goto(`/clients?open=${client.id}&edit=true`);
    const panel = page.getByRole("dialog");
    const comment = panel.getByLabel(en.clients.comment);
    await comment.fill("Prefers letters");
    await page.route(calls, fail);
    await panel.getByRole("button", { name: en.clients.save, exact: true }).click();
    await panel.getByRole("alert").getByText(words).waitFor();
    assert.equal(await comment.inputValue(), "Prefers letters");
    await page.unroute(calls, fail);
    await panel.getByRole("button", { name: en.clients.save, exact: true }).click();
    await panel.getByText(en.clients.history.title).waitFor();
    assert.equal((await api("GET", `/clients/${client.id}`)).comment, "Prefers letters");

    await page.goto(`/messages/${message.id}`);
    const subject = page.getByRole("textbox", { name: en.messages.subject, exact: true });
    await subject.waitFor();
    await page.route(calls, fail);
    await subject.fill("Good evening");
    const alert = page.getByRole("alert").filter({ hasText: en.messages.saveFailed });
    await alert.getByText(words).waitFor();
    assert.equal(await subject.inputValue(), "Good evening");
    await page.unroute(calls, fail);
    await alert.getByRole("button", { name: en.failure.retry }).click();
    await page.getByText(new RegExp(`^${en.messages.state.saved} · `)).waitFor();
    assert.equal((await api("GET", `/messages/${message.id}`)).subject, "Good evening");
    await close();
  });
}

test("a section whose code cannot be fetched says so, and is there once it can", async () => {
  const { page, close } = await person(browser, { path: "/clients" });
  await page.getByRole("heading", { level: 1, name: en.clients.title }).waitFor();
  const gone = (route) => route.abort();
  await page.route("**", gone);
  await page.getByRole("link", { name: en.nav.reports, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: en.failure.away }).waitFor();
  const alert = page.getByRole("alert").filter({ hasText: en.failure.network });
  // A try in vain leaves the page as it is.
  await alert.getByRole("button", { name: en.failure.retry }).click();
  await page.waitForTimeout(1_000);
  await alert.waitFor();
  await page.unroute("**", gone);
  await page.getByRole("heading", { level: 1, name: en.reports.title }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/reports");
  await close();
});
