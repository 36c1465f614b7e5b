// With the keyboard alone: a client, a message and a mailing. Every stop of the focus can be seen, and after a dialog it is
// back where it was.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, inspect, launch, visitor } from "./browser.mjs";
import { PASSWORD, someEmail } from "./people.mjs";
import { en } from "./words.mjs";

const LONG = { timeout: 120_000 };
/** How long what comes by itself may take on a busy machine, in milliseconds. */
const PATIENCE = 30_000;
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** What has the focus, in words, and whether somebody who looks at the page sees that it has it. Runs in the page. */
function focused() {
  const at = document.activeElement;
  if (!at || at === document.body) return { name: "nothing", seen: true };
  const colour = document.createElement("span");
  colour.style.color = "var(--mantine-primary-color-filled)";
  document.body.append(colour);
  const accent = getComputedStyle(colour).color;
  colour.remove();
  // A switch shows it beside its input, a field for tags around it.
  const near = [at, at.nextElementSibling, at.parentElement, ...(at.labels ?? [])].filter(Boolean);
  const outlined = near.some((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0;
  });
  const field = [at, at.parentElement, at.closest(".mantine-TagsInput-input")].filter(Boolean);
  const seen = outlined || field.some((one) => getComputedStyle(one).borderColor === accent);
  const name = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "";
  return { name: `${at.tagName.toLowerCase()} “${name.trim().slice(0, 40)}”`, seen };
}

const hasFocus = (target) => target.evaluateAll((all) => all.includes(document.activeElement));

/** Waits until this has the focus without a key being pressed: after a dialog, on a new page. */
async function comesTo(page, target, what) {
  for (const until = Date.now() + PATIENCE; Date.now() < until; ) {
    if (await hasFocus(target)) return;
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  assert.fail(`${what}: the focus is on ${(await page.evaluate(focused)).name}`);
}

/** Where the focus is; in the frame of a mail it is on a link of the mail. */
async function theStop(page) {
  for (const until = Date.now() + PATIENCE; ; ) {
    const stop = await page.evaluate(focused);
    for (const frame of stop.seen ? [] : page.frames().slice(1)) {
      const inside = await frame.evaluate(focused).catch(() => ({ name: "nothing" })); // it may go
      if (inside.name !== "nothing") stop.seen = inside.seen;
    }
    // A border takes a moment to change its colour.
    if (stop.seen || Date.now() > until) return stop;
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** Presses the key, Tab or Shift+Tab, until this has the focus; each stop on the way is to be seen. */
async function goTo(page, target, key = "Tab") {
  await target.first().waitFor();
  const stops = [];
  for (let n = 0; n < 80; n++) {
    if (await hasFocus(target)) return;
    await page.keyboard.press(key);
    const stop = await theStop(page);
    assert.ok(stop.seen, `nothing shows that ${stop.name} has the focus, after ${stops.at(-1)}`);
    stops.push(stop.name);
  }
  assert.fail(`${target} is not reached; the stops were\n${stops.join("\n")}`);
}

async function press(page, target, key = "Tab") {
  await goTo(page, target, key);
  await page.keyboard.press("Enter");
}

async function write(page, target, text) {
  await goTo(page, target);
  await page.keyboard.type(text);
}

/** Goes into a menu that is there. Whoever sees no item marked, as a key came before the menu had the focus, presses again. */
async function enterMenu(page) {
  const items = page.getByRole("menuitem");
  await items.first().waitFor();
  for (const until = Date.now() + PATIENCE; Date.now() < until; ) {
    await page.keyboard.press("ArrowDown");
    for (let frames = 0; frames < 10; frames++) await page.evaluate(() => new Promise(requestAnimationFrame));
    if (await hasFocus(items)) return;
  }
  await comesTo(page, items, "in a menu");
}

test("a client, a message and a mailing are made with the keyboard alone", async () => {
  const email = someEmail("keys");
  await call("POST", "/auth/register", {
    email,
    password: PASSWORD,
    locale: "en",
    timezone: "Europe/Moscow",
  });
  const { page, close } = await visitor(browser, "en-GB");
  const main = page.getByRole("main");
  const button = (name) => main.getByRole("button", { name, exact: true });
  const section = (name) => page.getByRole("navigation").getByRole("link", { name, exact: true });
  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });
  const dialog = page.getByRole("dialog");

  await page.goto("/sign-in");
  await write(page, page.getByLabel(en.signIn.email), email);
  await write(page, page.getByLabel(en.signIn.password, { exact: true }), PASSWORD);
  await page.keyboard.press("Enter");
  await heading(en.dashboard.title).waitFor();

  // Past the navigation at once.
  await press(page, page.getByRole("button", { name: en.app.skip }), "Shift+Tab");
  await comesTo(page, main, "after skipping the navigation");

  await press(page, section(en.nav.clients), "Shift+Tab");
  await comesTo(page, heading(en.clients.title), "on a new page");
  const add = button(en.clients.add).first();
  await press(page, add);
  await comesTo(page, dialog.getByLabel(en.clients.email), "in a panel");
  await page.keyboard.type("not an address");
  await page.keyboard.press("Enter");
  await dialog.getByText(en.form.email).waitFor();
  await comesTo(page, dialog.getByLabel(en.clients.email), "after a mistake");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("keys@example.org");
  await write(page, dialog.getByLabel(en.clients.name, { exact: true }), "Keys");
  await press(page, dialog.getByRole("button", { name: en.clients.create, exact: true }));
  await dialog.getByText(en.clients.history.none).waitFor();
  await inspect(page, "journey-keyboard-client");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await comesTo(page, add, "after the panel");

  await press(page, section(en.nav.messages), "Shift+Tab");
  await comesTo(page, heading(en.messages.title), "on a new page");
  await press(page, main.getByRole("link", { name: en.messages.add, exact: true }));
  await heading(en.messages.new).waitFor();
  await write(page, main.getByRole("textbox", { name: en.messages.name, exact: true }), "By keys");
  await write(page, main.getByRole("textbox", { name: en.messages.subject, exact: true }), "By keys alone");
  await write(page, main.getByRole("textbox", { name: en.messages.tab.visual }), "Good day");
  await page.frameLocator("iframe").getByText("Good day").waitFor();
  await press(page, button(en.messages.create), "Shift+Tab");
  await page.waitForURL(/\/messages\/\d+/);
  await button(en.messages.test.button).waitFor();

  await press(page, section(en.nav.mailings), "Shift+Tab");
  await comesTo(page, heading(en.mailings.title), "on a new page");
  await press(page, main.getByRole("link", { name: en.mailings.new, exact: true }));
  await heading(en.mailingForm.newTitle).waitFor();
  const message = main.getByRole("combobox", { name: en.mailingForm.message.label });
  await write(page, message, "By k");
  await page.getByRole("option", { name: "By keys" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page
    .frameLocator(`iframe[title="${en.mailingForm.message.preview}"]`)
    .getByText("Good day")
    .waitFor();
  const who = (name) => main.getByRole("radio", { name, exact: true });
  await goTo(page, who(en.mailingForm.audience.some).or(who(en.mailingForm.audience.all)));
  while (!(await who(en.mailingForm.audience.all).isChecked())) await page.keyboard.press("ArrowUp");
  await page.getByText("1 client will be mailed").waitFor();
  await press(page, button(en.mailingForm.check.now));
  await page.waitForURL(/\/mailings\/\d+$/);

  // Second thoughts within the ten seconds, and a start from the mailing's own page.
  await comesTo(page, heading("By keys"), "on the page of what was started");
  await page.keyboard.press("Tab");
  await comesTo(page, button(en.ui.undo), "next after the heading");
  await page.keyboard.press("Enter");
  await page.getByText(en.mailing.undone.replace("{{name}}", "By keys")).waitFor();
  await comesTo(page, heading("By keys"), "when there is nothing more to undo");
  const more = button(en.mailing.more);
  await press(page, more);
  await enterMenu(page);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await comesTo(page, more, "after the menu");
  await page.keyboard.press("Enter");
  await enterMenu(page);
  await page.keyboard.press("End");
  await comesTo(page, page.getByRole("menuitem", { name: en.mailing.ask.delete }), "at the end of a menu");
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await inspect(page, "journey-keyboard-dialog");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await comesTo(page, more, "after the dialog");
  await press(page, button(en.mailing.ask.start), "Shift+Tab");
  await page.locator("header").getByText(en.state.mailing.finished, { exact: true }).waitFor(LONG);
  await close();
});
