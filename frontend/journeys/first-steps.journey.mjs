// From the home page to an account, its first mailing in the list, out again and back to where one wanted to go.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { apiAs, base, inspect, launch, visitor } from "./browser.mjs";
import { en, ru } from "./words.mjs";

const PASSWORD = "quiet-harbour-lantern-42";
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const [language, locale, words] of [
  ["ru", "ru-RU", ru],
  ["en", "en-GB", en],
]) {
  test(`first steps in ${language}`, async () => {
    const { page, close } = await visitor(browser, locale);
    const email = `journey-${randomBytes(6).toString("hex")}@example.com`;
    const button = (name) => page.getByRole("button", { name, exact: true });
    const heading = (name) => page.getByRole("heading", { level: 1, name });

    await page.goto("/");
    await heading(words.home.title).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), language);
    const figures = page.locator("dl dd.tabular");
    await page.waitForFunction(() => {
      const shown = [...document.querySelectorAll("dl dd")].map((figure) => figure.textContent ?? "");
      return shown.length === 3 && shown.every((text) => /^[\d\s.,]+$/.test(text));
    });
    assert.equal(await figures.count(), 3);
    await inspect(page, `home-${language}`);

    await page.getByRole("link", { name: words.home.start }).click();
    await heading(words.register.title).waitFor();
    await page.getByLabel(words.signIn.email).fill("not an address");
    await page.getByLabel(words.signIn.password, { exact: true }).fill("short");
    await button(words.register.submit).click();
    await page.getByText(words.form.email).waitFor();
    assert.equal(await page.getByLabel(words.signIn.email).getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "email");
    await inspect(page, `register-${language}`);

    await page.getByLabel(words.signIn.email).fill(email);
    await page.getByLabel(words.register.name).fill("Анна Journey");
    await page.getByLabel(words.signIn.password, { exact: true }).fill(PASSWORD);
    await button(words.register.submit).click();

    await heading(words.dashboard.title).waitFor();
    await page.getByRole("heading", { name: words.dashboard.steps.title }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/dashboard");
    await inspect(page, `dashboard-empty-${language}`);
    await page.getByRole("link", { name: words.nav.mailings, exact: true }).click();
    await heading(words.mailings.title).waitFor();
    await page.getByRole("heading", { name: words.mailings.empty.title }).waitFor();
    await inspect(page, `mailings-empty-${language}`);

    const api = await apiAs(email, PASSWORD);
    const client = await api("POST", "/clients", { email: `client-${email}`, full_name: "Мария" });
    const message = await api("POST", "/messages", {
      name: "Hello",
      subject: "Hello {{ client.full_name }}",
      text: "Good day, {{ client.full_name }}.",
    });
    const mailing = {
      message_id: message.id,
      audience: { client_ids: [client.id] },
      timezone: "Europe/Moscow",
    };
    const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
    await api("POST", "/mailings", {
      ...mailing,
      name: "Spring news for the clients of the school",
      draft: true,
    });
    await api("POST", "/mailings", { ...mailing, name: "Tomorrow letter", start_at: inDays(1) });
    await api("POST", "/mailings", { ...mailing, name: "Letter of today" });
    // A page that was just loaded knows nobody: the session comes back from its cookie.
    await page.reload();
    const row = (name) => page.getByRole("row", { name: new RegExp(name) });
    await row("Tomorrow letter").getByText(words.state.mailing.scheduled).waitFor();
    await row("Spring news").getByText(words.state.mailing.draft).waitFor();
    await page.getByText("Europe/Moscow").waitFor();
    // The list follows what happens without anybody touching it.
    await row("Letter of today").getByText(words.state.mailing.finished).waitFor({ timeout: 60_000 });
    await inspect(page, `mailings-${language}`);

    await page.getByLabel(words.mailings.status).selectOption("draft");
    await row("Tomorrow letter").waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).search, "?status=draft");
    await page.getByLabel(words.mailings.status).selectOption("running");
    await page.getByRole("link", { name: words.mailings.none.all }).waitFor();
    await inspect(page, `mailings-none-${language}`);
    await page.goBack();
    await row("Spring news").waitFor();
    assert.equal(await page.getByLabel(words.mailings.status).inputValue(), "draft");

    await signOut(page, words);
    await heading(words.home.title).waitFor();

    await page.goto("/mailings?status=draft");
    await heading(words.signIn.title).waitFor();
    await page.getByLabel(words.signIn.email).fill(email);
    await page.getByLabel(words.signIn.password, { exact: true }).fill("not the password");
    await button(words.signIn.submit).click();
    await page.getByRole("alert").getByText(words.signIn.wrong).waitFor();
    assert.equal(await page.getByLabel(words.signIn.email).inputValue(), email);
    await inspect(page, `sign-in-${language}`);
    await page.getByLabel(words.signIn.password, { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await row("Spring news").waitFor();
    assert.equal(page.url(), `${base}/mailings?status=draft`);

    await page.goto("/no/such/page");
    await heading(words.notFound.title).waitFor();
    await inspect(page, `not-found-${language}`);
    await close();
  });
}

test("the language and the theme are switched, kept, and told to the account", async () => {
  const { page, close } = await visitor(browser, "en-GB");
  const email = `journey-${randomBytes(6).toString("hex")}@example.com`;
  await page.goto("/register");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: en.register.submit }).click();
  await page.getByRole("heading", { name: en.dashboard.steps.title }).waitFor();

  const told = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByRole("button", { name: en.language.label }).click();
  await page.getByRole("menuitemradio", { name: "Русский" }).click();
  await page.getByRole("heading", { name: ru.dashboard.steps.title }).waitFor();
  assert.equal((await (await told).json()).locale, "ru");

  await page.getByRole("button", { name: ru.theme.label }).click();
  await page.getByRole("menuitemradio", { name: ru.theme.dark }).click();
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  await page.reload();
  await page.getByRole("heading", { name: ru.dashboard.steps.title }).waitFor();
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  await close();
});

test("a session that ended elsewhere leads to sign-in and back, and a second tab follows", async () => {
  const { page, close } = await visitor(browser, "en-GB");
  const email = `journey-${randomBytes(6).toString("hex")}@example.com`;
  await page.goto("/register?return_to=//evil.example/mailings");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: en.register.submit }).click();
  await page.getByRole("heading", { name: en.dashboard.steps.title }).waitFor();
  assert.equal(page.url(), `${base}/dashboard`);

  const second = await page.context().newPage();
  await second.goto("/mailings");
  await second.getByRole("heading", { name: en.mailings.empty.title }).waitFor();
  await signOut(second, en);
  await page.getByRole("heading", { name: en.home.title }).waitFor();
  await close();
});

test("without a connection a page says so and offers another try", async () => {
  const { page, close } = await visitor(browser, "en-GB");
  await page.route("**/api/v1/auth/refresh", (route) => route.abort());
  await page.goto("/mailings");
  await page.getByRole("alert").getByText(en.failure.network).waitFor();
  await inspect(page, "no-answer-en");
  await page.unroute("**/api/v1/auth/refresh");
  await page.getByRole("button", { name: en.failure.retry }).click();
  await page.getByRole("heading", { name: en.signIn.title }).waitFor();
  await close();
});

async function signOut(page, words) {
  await page.getByRole("button", { name: new RegExp(`^${words.account.menu.split(":")[0]}`) }).click();
  await page.getByRole("menuitem", { name: words.account.signOut, exact: true }).click();
}
