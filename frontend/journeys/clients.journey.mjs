// Clients from the first one by hand to many at once, and an address that must not be mailed.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { apiAs, call, launch, visitor } from "./browser.mjs";
import { PASSWORD } from "./demo.mjs";
import { en } from "./words.mjs";

const words = en.clients;
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Fills the variables of a text. */
const say = (text, variables) => text.replace(/{{(\w+)}}/g, (_, name) => variables[name]);

test("clients are added, found, tagged, blocked and deleted", async () => {
  const email = `journey-${randomBytes(6).toString("hex")}@example.com`;
  await call("POST", "/auth/register", {
    email,
    password: PASSWORD,
    locale: "en",
    timezone: "Europe/Moscow",
  });
  const api = await apiAs(email, PASSWORD);
  const { page, close } = await visitor(browser, "en-GB");
  const button = (name) => page.getByRole("button", { name, exact: true });
  const dialog = page.getByRole("dialog");
  const shown = (text) => page.getByText(text).last().waitFor();
  const query = () => Object.fromEntries(new URL(page.url()).searchParams);

  await page.goto("/clients");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: words.empty.title }).waitFor();

  // One by hand, with the keyboard.
  await page.getByRole("link", { name: words.add }).press("Enter");
  await dialog.getByLabel(words.email).fill("Anna@Example.org");
  await dialog.getByLabel(words.name, { exact: true }).fill("Анна");
  await page.keyboard.press("Enter");
  await shown(say(words.created, { email: "anna@example.org" }));
  await dialog.getByText(words.history.none).waitFor();

  // Edits that are not saved hold one back.
  await button(words.edit).click();
  await dialog.getByLabel(words.comment).fill("Called in May.");
  await page.goBack();
  await page
    .getByRole("dialog", { name: en.ui.unsaved.title })
    .getByRole("button", { name: en.ui.cancel })
    .click();
  await button(words.save).click();
  await dialog.getByText("Called in May.").waitFor();

  // Somebody else saves first.
  const [{ id }] = (await api("GET", "/clients")).items;
  await button(words.edit).click();
  await dialog.getByLabel(words.name, { exact: true }).fill("Mine");
  await api("PATCH", `/clients/${id}`, { full_name: "Theirs" });
  await button(words.save).click();
  const conflict = page.getByRole("dialog", { name: en.ui.conflict.title });
  await conflict.getByText("Theirs").waitFor();
  const overwritten = page.waitForResponse((r) => r.request().method() === "PATCH" && r.ok());
  await conflict.getByRole("button", { name: en.ui.conflict.overwrite }).click();
  await overwritten; // the words about the save before may still be shown
  await shown(say(words.saved, { email: "anna@example.org" }));
  assert.equal((await api("GET", `/clients/${id}`)).full_name, "Mine");

  // Blocked by hand, and taken back.
  await button(words.block.act).click();
  await page
    .getByRole("dialog", { name: say(words.block.title, { email: "anna@example.org" }) })
    .getByRole("button", { name: words.block.act })
    .click();
  await dialog.getByText(en.state.client.blocked).waitFor();
  await button(en.ui.undo).click();
  await dialog.getByText(en.state.client.active).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(query(), {});

  // Many: found, all of them selected, tagged, and the tag is a filter.
  for (let n = 0; n < 120; n++) await api("POST", "/clients", { email: `c${n}@bulk.example`, tags: ["old"] });
  await page.getByLabel(words.search).fill("@bulk");
  await shown("50 of 120 rows shown");
  assert.deepEqual(query(), { q: "@bulk" });
  await button(en.ui.table.more).click();
  await shown("100 of 120 rows shown");
  await button(en.ui.table.more).click();
  await shown("120 of 120 rows shown");
  // Of a long list only what is in sight is in the page.
  assert.ok((await page.getByRole("row").count()) < 100);
  await page.getByLabel(en.ui.table.selectShown).check();
  await button(words.bulk.addTags.act).click();
  await dialog.getByRole("combobox", { name: words.tags }).fill("spring");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Tag 120 clients" }).click();
  await shown("120 clients changed.");
  assert.equal((await api("GET", "/clients?tag=spring&with_total=true&limit=1")).total, 120);

  // The same rows as a file.
  const download = page.waitForEvent("download");
  await button(en.ui.csv).click();
  const lines = readFileSync(await (await download).path(), "utf8")
    .trim()
    .split("\n");
  assert.equal(lines.length, 121);

  // All that the filter finds but one are deleted; the number has to be typed.
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.getByRole("checkbox", { name: en.ui.table.selectShown }).check();
  await page
    .getByRole("checkbox", { name: say(en.ui.table.select, { name: "c119@bulk.example" }) })
    .uncheck();
  await button(words.bulk.delete.act).click();
  await dialog.getByLabel(say(en.ui.confirm.type, { text: "119" })).fill("119");
  await page.keyboard.press("Enter");
  await shown("119 clients deleted.");
  await page.getByRole("link", { name: "c119@bulk.example" }).waitFor();
  await page.goBack();
  await page.getByRole("link", { name: "anna@example.org" }).waitFor();
  assert.deepEqual(query(), {});

  // An address on the list of those not to be mailed is a client's status.
  await page.getByRole("link", { name: en.nav.suppressions }).click();
  await page.getByRole("main").getByRole("button", { name: en.suppressions.add }).first().click();
  await dialog.getByLabel(words.email).fill("anna@example.org");
  await dialog.getByLabel(en.suppressions.reason).selectOption("complained");
  await dialog.getByRole("button", { name: en.suppressions.save }).click();
  await page.getByRole("cell", { name: "anna@example.org", exact: true }).waitFor();
  await page.goto("/clients?status=complained");
  await page.getByRole("link", { name: "anna@example.org" }).waitFor();
  await close();
});
