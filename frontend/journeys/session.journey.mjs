// A session that is ended elsewhere ends in place: the page asks for the password, and what stood in its forms is there
// when one is back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { apiAs, inspect, launch } from "./browser.mjs";
import { aMessage, PASSWORD, person, signIn } from "./people.mjs";
import { en, ru } from "./words.mjs";

const NEW_PASSWORD = "another-harbour-lantern-43";
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const button = (page, name) => page.getByRole("button", { name, exact: true });
const asks = (page, words, why = "lost") => page.getByRole("dialog", { name: words.account[why].title });

/** Signs in again where the page asks for it. */
async function comeBack(page, words, password = PASSWORD, why = "lost") {
  const dialog = asks(page, words, why);
  await dialog.getByLabel(words.signIn.password, { exact: true }).fill(password);
  await dialog.getByRole("button", { name: words.signIn.submit, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

async function aDraft(api) {
  await api("POST", "/clients", { email: "reader@example.org", full_name: "Reader" });
  const { id: message_id } = await aMessage(api);
  return api("POST", "/mailings", { name: "Old name", message_id, audience: { all: true }, draft: true });
}

test("a new mailing outlives its session, which another device ended", async () => {
  const { page, close, api, email } = await person(browser);
  await aDraft(api);
  await page.goto("/mailings/new");
  await page.getByLabel(en.mailingForm.name).fill("News of the harbour");
  await page.getByPlaceholder(en.mailingForm.message.placeholder).click();
  await page.getByRole("option", { name: "Good day" }).click();
  await page.getByRole("radio", { name: en.mailingForm.audience.all }).check();
  await page.getByText("1 client will be mailed").waitFor();

  await (await apiAs(email, PASSWORD))("POST", "/auth/logout-all");
  await button(page, en.mailingForm.check.draft).click();
  const dialog = asks(page, en);
  await dialog.waitFor();
  assert.equal(await dialog.getByLabel(en.signIn.email).inputValue(), email);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "password");
  await inspect(page, "journey-session-lost");
  await dialog.getByLabel(en.signIn.password, { exact: true }).fill("not the password");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText(en.signIn.wrong).waitFor();
  await comeBack(page, en);

  assert.equal(new URL(page.url()).pathname, "/mailings/new");
  assert.equal(await page.getByLabel(en.mailingForm.name).inputValue(), "News of the harbour");
  await button(page, en.mailingForm.check.draft).click();
  await page.waitForURL(/\/mailings\/\d+\/edit$/);
  await page.getByRole("heading", { level: 1, name: en.mailingForm.editTitle }).waitFor();
  assert.equal(await page.getByLabel(en.mailingForm.name).inputValue(), "News of the harbour");
  const again = await apiAs(email, PASSWORD);
  assert.equal((await again("GET", "/mailings?q=harbour")).items.length, 1);
  await close();
});

test("what is changed of a draft outlives a change of password", async () => {
  const { page, close, api, email } = await person(browser, { locale: "ru-RU" });
  const draft = await aDraft(api);
  await page.goto(`/mailings/${draft.id}/edit`);
  const name = page.getByLabel(ru.mailingForm.name);
  await name.fill("Новое имя");

  const elsewhere = await apiAs(email, PASSWORD);
  await elsewhere("POST", "/me/password", { current_password: PASSWORD, new_password: NEW_PASSWORD });
  await button(page, ru.mailingForm.check.draft).click();
  await asks(page, ru).waitFor();
  // It stays under the question, too.
  assert.equal(await name.inputValue(), "Новое имя");
  await comeBack(page, ru, NEW_PASSWORD);
  assert.equal(await name.inputValue(), "Новое имя");
  await button(page, ru.mailingForm.check.draft).click();
  await page.getByText("Черновик «Новое имя» сохранён.").waitFor();
  const { name: saved } = await (await apiAs(email, NEW_PASSWORD))("GET", `/mailings/${draft.id}`);
  assert.equal(saved, "Новое имя");
  await close();
});

test("a session that is ended in the list of sessions asks in each of its tabs, and none loses anything", async () => {
  const here = await person(browser);
  const { page, api, email } = here;
  const client = await api("POST", "/clients", { email: "reader@example.org", full_name: "Reader" });
  const message = await aMessage(api);
  await page.goto(`/clients?open=${client.id}&edit=true`);
  const comment = page.getByRole("dialog").getByLabel(en.clients.comment);
  await comment.fill("Prefers letters in the morning");
  const tab = await page.context().newPage();
  await tab.goto(`/messages/${message.id}`);
  const subject = tab.getByRole("textbox", { name: en.messages.subject, exact: true });
  await subject.waitFor();

  const there = await person(browser, { email, path: "/account" });
  await button(there.page, en.profile.endOthers).click();
  await button(there.page.getByRole("dialog"), en.profile.endOthers).click();
  await there.page.getByText(/sessions? (has|have) ended/).waitFor();

  // It saves itself, and finds that it may not.
  await subject.fill("Good evening");
  await asks(tab, en).waitFor();
  await asks(page, en).waitFor();
  await comeBack(page, en);
  // One sign-in is enough for all tabs.
  await asks(tab, en).waitFor({ state: "detached" });

  assert.equal(await comment.inputValue(), "Prefers letters in the morning");
  await button(page, en.clients.save).click();
  await page.getByRole("dialog").getByText("Prefers letters in the morning").waitFor();
  assert.equal(await subject.inputValue(), "Good evening");
  await button(tab, en.messages.save).click();
  await tab.getByText(new RegExp(`^${en.messages.state.saved} · `)).waitFor();
  assert.equal((await there.api("GET", `/messages/${message.id}`)).subject, "Good evening");
  await there.close();
  await here.close();
});

test("who would rather leave the page signs in and is back on it, with the message that was begun", async () => {
  const { page, close, email } = await person(browser, { path: "/messages/new?tab=text" });
  await page.getByRole("textbox", { name: en.messages.name, exact: true }).fill("Begun");
  await page.getByRole("textbox", { name: en.messages.subject, exact: true }).fill("Half a subject");
  await (await apiAs(email, PASSWORD))("POST", "/auth/logout-all");
  // The preview may find it first; then the question lies over the button.
  await button(page, en.messages.create).dispatchEvent("click");
  await asks(page, en).waitFor();
  assert.equal(
    await page.getByRole("textbox", { name: en.messages.name, exact: true }).inputValue(),
    "Begun",
  );
  await button(asks(page, en), en.account.lost.other).click();
  await page.getByRole("heading", { level: 1, name: en.signIn.title }).waitFor();
  await page.getByText(en.signIn.returning).waitFor();
  await signIn(page, en, email);
  await page.getByRole("heading", { level: 1, name: en.messages.new }).waitFor();
  assert.equal(new URL(page.url()).search, "?tab=text");
  assert.equal(
    await page.getByRole("textbox", { name: en.messages.name, exact: true }).inputValue(),
    "Begun",
  );
  await page.getByText(en.messages.restored).waitFor();
  await close();
});

test("signing out in one tab holds what is half written in another for its person, and for nobody else", async () => {
  const { page, close, email } = await person(browser, { path: "/mailings/new" });
  const other = await person(browser);
  const half = page.getByLabel(en.mailingForm.name);
  await half.fill("Half a name");
  const tab = await page.context().newPage();
  await tab.goto("/messages/new?tab=text");
  const begun = tab.getByRole("textbox", { name: en.messages.name, exact: true });
  await begun.fill("Begun");
  const signOut = async () => {
    await tab.getByRole("button", { name: email }).click();
    await tab.getByRole("menuitem", { name: en.account.signOut, exact: true }).click();
  };
  await signOut();
  const dialog = tab.getByRole("dialog", { name: en.account.unsaved.title });
  await dialog.getByText(en.account.unsaved.message).waitFor();
  await inspect(tab, "journey-sign-out-unsaved");
  await button(dialog, en.account.signOut).click();
  await tab.waitForURL((url) => url.pathname === "/");

  await asks(page, en, "left").waitFor();
  await inspect(page, "journey-signed-out-elsewhere");
  await comeBack(page, en, PASSWORD, "left");
  assert.equal(await half.inputValue(), "Half a name");
  // The message went with the person.
  await tab.goto("/messages/new?tab=text");
  await begun.waitFor();
  assert.equal(await begun.inputValue(), "");

  await signOut();
  await asks(page, en, "left").waitFor();
  await tab.goto("/sign-in");
  await signIn(tab, en, other.email);
  await tab.getByRole("heading", { level: 1, name: en.dashboard.title }).waitFor();
  await page.waitForURL(/\/dashboard$/);
  await half.waitFor({ state: "detached" });
  assert.equal(await page.getByRole("button", { name: other.email }).count(), 1);
  await other.close();
  await close();
});
