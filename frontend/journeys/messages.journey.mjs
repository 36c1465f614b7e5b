// A message from an empty page to a captured test mail: written visually, seen as a client, taken through its source
// and back with nothing lost, and changed in two tabs at once.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { apiAs, call, launch, visitor } from "./browser.mjs";
import { en } from "./words.mjs";

const PASSWORD = "quiet-harbour-lantern-42";
const words = en.messages;
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function signedIn() {
  const email = `journey-${randomBytes(6).toString("hex")}@example.com`;
  await call("POST", "/auth/register", {
    email,
    password: PASSWORD,
    locale: "en",
    timezone: "Europe/Moscow",
  });
  const api = await apiAs(email, PASSWORD);
  const { page, close } = await visitor(browser, "en-GB");
  await page.goto("/sign-in?return_to=/messages");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: en.signIn.submit, exact: true }).click();
  await page.getByRole("heading", { name: words.empty.title }).waitFor();
  return { page, close, api, email };
}

test("the tools stand in one line, and a name without spaces has two at most and pushes nothing aside", async () => {
  const { page, close, api } = await signedIn();
  await page.goto("/messages/new?tab=visual");
  const tools = page.getByRole("toolbar", { name: words.toolbar });
  await tools.waitFor();
  const lines = await tools.evaluate(
    (bar) =>
      new Set(
        [...bar.children].map((tool) => tool.getBoundingClientRect()).map(({ y, height }) => y + height / 2),
      ).size,
  );
  assert.equal(lines, 1);
  const name = "w".repeat(200);
  const { id } = await api("POST", "/messages", { name, subject: name, html: "<p>Good day.</p>" });
  await api("POST", "/clients", { email: `${"w".repeat(60)}@example.com`, full_name: name });
  for (const path of ["/messages", "/clients", `/messages/${id}`]) {
    await page.goto(path);
    await page.getByTitle(name, { exact: true }).first().waitFor();
    const [aside, heights] = await page.evaluate(() => [
      document.documentElement.scrollWidth - document.documentElement.clientWidth,
      [...document.querySelectorAll("h1, tbody tr")].map((element) => element.clientHeight),
    ]);
    assert.equal(aside, 0, path);
    assert.ok(Math.max(...heights) < 90, `${path}: ${heights}`);
  }
  await close();
});

test("a message is written visually, previewed, taken through its source, and tested", async () => {
  const { page, close, api, email } = await signedIn();
  await api("POST", "/clients", {
    email: `eva-${email}`,
    full_name: "Eva",
    attributes: { city: "Pskov" },
  });
  const button = (name) => page.getByRole("button", { name, exact: true });

  await page.getByRole("link", { name: words.empty.act }).click();
  await page.getByRole("textbox", { name: words.name, exact: true }).fill("Fair");
  await page
    .getByRole("textbox", { name: words.subject, exact: true })
    .fill("Come to the fair, {{ client.full_name }}");
  const paper = page.getByRole("textbox", { name: words.tab.visual });
  await paper.click();
  await page.keyboard.type("Hello from ");
  await page.getByRole("button", { name: `${words.placeholder.insert}: ${words.tab.visual}` }).click();
  await page.getByLabel(words.placeholder.fallback).fill("your town");
  await page.getByRole("button", { name: "client.attributes.city" }).click();
  await paper.locator('[data-placeholder*="city"]').waitFor();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await button(words.tool.button).click();
  await page.getByLabel(words.insert.address).fill("example.com/fair");
  await page.getByLabel(words.insert.words).fill("Come along");
  await button(words.insert.put).click();

  // What is not saved outlives a reload.
  await page.reload();
  await page.getByText(words.restored).waitFor();
  await paper.getByText("Come along").waitFor();
  await button(words.create).click();
  await page.waitForURL(/\/messages\/\d+/);
  // The page of the message itself: until it is drawn, what was typed goes to the page of a new one.
  await button(words.test.button).waitFor();
  const id = Number(/\/messages\/(\d+)/.exec(page.url())[1]);

  await page.getByRole("combobox", { name: words.preview.as }).fill("Eva");
  await page.getByRole("option", { name: /Eva/ }).click();
  const mail = page.frameLocator("iframe");
  await mail.getByText("Hello from Pskov").waitFor();
  await mail.getByRole("link", { name: "Come along" }).waitFor();
  await page.getByText("Come to the fair, Eva").waitFor();

  // On a phone the preview is far down, and stays in sight when it is switched.
  await page.setViewportSize({ width: 375, height: 740 });
  const dark = page.getByText(words.preview.dark, { exact: true });
  await dark.scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => window.scrollY);
  assert.ok(before > 200, `the preview is at ${before} px`);
  await dark.click();
  await page.waitForURL(/ground=dark/);
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.ok((await page.evaluate(() => window.scrollY)) > before - 100, "the page jumped");
  await page.getByText(words.preview.light, { exact: true }).click();
  await page.setViewportSize({ width: 1280, height: 800 });

  const { html } = await api("GET", `/messages/${id}`);
  assert.match(html, /Hello from \{\{ client\.attributes\.city \| default: "your town" \}\}/);
  assert.match(html, /<a href="https:\/\/example\.com\/fair" style="display:inline-block/);
  await page.getByRole("tab", { name: words.tab.html }).click();
  assert.equal(await page.getByRole("textbox", { name: words.tab.html }).inputValue(), html);
  await page.getByRole("tab", { name: words.tab.visual }).click();
  await paper.getByText("Come along").waitFor();
  await page.getByRole("tab", { name: words.tab.html }).click();
  assert.equal(await page.getByRole("textbox", { name: words.tab.html }).inputValue(), html);

  await button(words.test.button).click();
  await page.getByRole("dialog").getByRole("button", { name: words.test.send }).click();
  await page.getByRole("link", { name: words.test.open }).waitFor({ timeout: 30_000 });
  const [caught] = (await api("GET", "/inbox")).items;
  assert.equal(caught.subject, "Come to the fair, Eva");
  assert.equal(caught.to, email);
  await close();
});

test("what somebody else saved meanwhile is not undone, and nothing of one's own is lost", async () => {
  const { page, close, api } = await signedIn();
  const { id } = await api("POST", "/messages", { name: "Letter", subject: "First", html: "<p>One</p>" });
  const other = await page.context().newPage();
  for (const tab of [page, other]) {
    await tab.goto(`/messages/${id}`);
    await tab.getByRole("textbox", { name: words.tab.visual }).waitFor();
  }
  const saved = (tab) => tab.getByText(new RegExp(`^${words.state.saved} · `)).waitFor();
  const subject = (tab) => tab.getByRole("textbox", { name: words.subject, exact: true });

  await subject(page).fill("Theirs");
  await page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await subject(other).fill("Mine");
  const dialog = other.getByRole("dialog", { name: en.ui.conflict.title });
  await dialog.getByText("Theirs").waitFor();
  await dialog.getByRole("button", { name: words.conflict.copy }).click();
  await other.getByRole("heading", { level: 1, name: "Letter (copy)" }).waitFor();
  assert.equal(await subject(other).inputValue(), "Mine");
  assert.equal((await api("GET", `/messages/${id}`)).subject, "Theirs");
  await other.goto(`/messages/${id}`);
  await saved(other);
  await close();
});
