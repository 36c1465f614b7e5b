// Accounts by mail, where addresses are confirmed: from the registration to the first sign-in, and from a forgotten
// password to a new one that ends all sessions. The mails are read where this installation catches them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { installation } from "./program.mjs";
import { en, ru } from "./words.mjs";

const NEW_PASSWORD = "another-harbour-lantern-43";
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });
let place;
let tools;
let people;
let browser;
let root;

before(async () => {
  place = await installation({ POSTRIDER_CONFIRM_EMAIL: "true" });
  await place.up();
  tools = await import("./browser.mjs");
  people = await import("./people.mjs");
  browser = await tools.launch();
  root = await people.person(browser, {
    email: process.env.POSTRIDER_ADMIN_EMAIL,
    password: process.env.POSTRIDER_ADMIN_PASSWORD,
    path: "/inbox",
  });
});
after(async () => {
  await root?.close();
  await browser?.close();
  await place?.close();
});

/** The link of the newest mail to this address that holds one to `path`, as the superuser finds it in the captured inbox. */
async function linkOf(email, path) {
  const { page } = root;
  // A worker sends it in its own time, and the list follows when it is read anew.
  for (let tries = 0; ; tries++) {
    await page.goto(`/inbox?to=${encodeURIComponent(email)}`);
    await heading(page, en.inbox.title).waitFor();
    const mail = page.getByRole("main").getByRole("table").getByRole("link").first();
    const none = page.getByRole("heading", { name: en.inbox.none.title });
    await mail.or(none).waitFor();
    if (await mail.count()) {
      await mail.click();
      const panel = page.getByRole("dialog");
      await panel.getByRole("tab", { name: en.inbox.parts.text }).click();
      const text = await panel.getByRole("tabpanel").textContent();
      const [link] = text.match(new RegExp(`http://\\S+${path}\\?token=\\S+`)) ?? [];
      if (link) return link;
    }
    assert.ok(tries < 100, `no mail to ${email} with a link to ${path}`);
  }
}

/** An account whose address is confirmed, by the API alone. */
async function confirmed(email) {
  const { call } = tools;
  await call("POST", "/auth/register", { email, password: people.PASSWORD, locale: "en", timezone: "UTC" });
  const token = new URL(await linkOf(email, "/confirm")).searchParams.get("token");
  await call("POST", "/auth/confirm", { token });
}

test("who registers confirms the address by the mail and signs in; the link works once", async () => {
  const email = people.someEmail("confirms");
  const { page, close } = await tools.visitor(browser, "ru-RU");
  await page.goto("/register");
  await page.getByLabel(ru.signIn.email).fill(email);
  await page.getByLabel(ru.signIn.password, { exact: true }).fill(people.PASSWORD);
  await button(page, ru.register.submit).click();
  await heading(page, ru.mail.title).waitFor();
  await page.getByText(email).waitFor();
  await tools.inspect(page, "journey-look-into-mailbox");

  // Until then it is no account.
  await page.goto("/sign-in");
  await people.signIn(page, ru, email);
  await page.getByRole("alert").waitFor();

  const link = await linkOf(email, "/confirm");
  assert.ok(link.startsWith(tools.base), link);
  const asked = [];
  page.on("request", (request) => asked.push(request));
  await page.goto(link);
  await heading(page, ru.mail.confirmTitle).waitFor();
  await page.waitForURL((url) => url.pathname === "/confirm" && url.search === "");
  await tools.inspect(page, "journey-confirm");
  await button(page, ru.mail.confirm).click();
  await heading(page, ru.mail.confirmedTitle).waitFor();
  assert.ok(asked.length > 3, "the page asks for its files and the API");
  for (const request of asked) {
    const { referer = "" } = await request.allHeaders();
    assert.ok(!referer.includes("token"), `${request.url()} was told of ${referer}`); // files of a style are told of the style
  }
  await page.getByRole("link", { name: ru.signIn.submit, exact: true }).last().click();
  await heading(page, ru.signIn.title).waitFor();
  assert.equal(await page.getByLabel(ru.signIn.email).inputValue(), email);
  await page.getByLabel(ru.signIn.password, { exact: true }).fill(people.PASSWORD);
  await button(page, ru.signIn.submit).click();
  await heading(page, ru.dashboard.title).waitFor();

  await page.goto(link);
  await button(page, ru.mail.confirm).click();
  await heading(page, ru.mail.deadTitle).waitFor();
  await page.getByRole("alert").getByText(ru.mail.deadConfirm).waitFor();
  await page.getByRole("link", { name: ru.mail.toSignIn }).waitFor();
  await tools.inspect(page, "journey-confirm-dead");
  await close();
});

test("who forgot the password sets a new one by the mail, which ends all sessions; an old link says so", async () => {
  const email = people.someEmail("forgets");
  await confirmed(email);
  const elsewhere = await people.person(browser, { email, path: "/messages/new?tab=text" });
  await elsewhere.page.getByRole("textbox", { name: en.messages.name, exact: true }).fill("Half a letter");

  const { page, close } = await tools.visitor(browser, "en-GB");
  await page.goto("/sign-in");
  await page.getByRole("link", { name: en.mail.forgotLink }).click();
  await heading(page, en.mail.forgotTitle).waitFor();
  await tools.inspect(page, "journey-forgot");
  // Who has an account is nobody's business: both are answered alike.
  for (const address of [people.someEmail("nobody"), email]) {
    await page.goto("/forgot");
    await page.getByLabel(en.signIn.email).fill(address);
    await button(page, en.mail.send).click();
    await page.getByRole("status").getByText(en.mail.forgot.replace("{{email}}", address)).waitFor();
  }

  const link = await linkOf(email, "/reset");
  await page.goto(link);
  await heading(page, en.mail.resetTitle).waitFor();
  await page.waitForURL((url) => url.pathname === "/reset" && url.search === "");
  await page.getByLabel(en.mail.newPassword, { exact: true }).fill("short");
  await button(page, en.mail.reset).click();
  await page.getByText("At least 8 characters.", { exact: true }).waitFor();
  await tools.inspect(page, "journey-reset");
  await page.getByLabel(en.mail.newPassword, { exact: true }).fill(NEW_PASSWORD);
  await button(page, en.mail.reset).click();
  await heading(page, en.mail.resetDoneTitle).waitFor();

  // Whoever was signed in has to sign in again, with the new one.
  await button(elsewhere.page, en.messages.create).click();
  const asks = elsewhere.page.getByRole("dialog", { name: en.account.lost.title });
  await asks.getByLabel(en.signIn.password, { exact: true }).fill(people.PASSWORD);
  await button(asks, en.signIn.submit).click();
  await asks.getByRole("alert").getByText(en.signIn.wrong).waitFor();
  await asks.getByLabel(en.signIn.password, { exact: true }).fill(NEW_PASSWORD);
  await button(asks, en.signIn.submit).click();
  await asks.waitFor({ state: "detached" });
  assert.equal(
    await elsewhere.page.getByRole("textbox", { name: en.messages.name, exact: true }).inputValue(),
    "Half a letter",
  );

  await page.getByRole("link", { name: en.signIn.submit, exact: true }).last().click();
  await page.getByLabel(en.signIn.password, { exact: true }).fill(NEW_PASSWORD);
  await button(page, en.signIn.submit).click();
  await heading(page, en.dashboard.title).waitFor();

  await page.goto(link);
  await page.getByLabel(en.mail.newPassword, { exact: true }).fill("a-third-harbour-lantern-44");
  await button(page, en.mail.reset).click();
  await heading(page, en.mail.deadTitle).waitFor();
  await page.getByRole("alert").getByText(en.mail.deadReset).waitFor();
  await tools.inspect(page, "journey-reset-dead");
  await page.getByRole("link", { name: en.mail.forgotAgain }).click();
  await heading(page, en.mail.forgotTitle).waitFor();
  await close();
  await elsewhere.close();
});
