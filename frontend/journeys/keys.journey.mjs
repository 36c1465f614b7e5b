// An API key by hand: made with what it may do, shown once, used by a program, revoked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, inspect, launch } from "./browser.mjs";
import { person } from "./people.mjs";
import { en } from "./words.mjs";

let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A program that calls with the key. */
async function program(key, method, path, body) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, type: answer.headers.get("Content-Type"), body: await answer.json() };
}

test("a key does what was chosen for it and nothing else, until it is revoked", async () => {
  const { page, close, api } = await person(browser, { path: "/account" });
  const button = (name) => page.getByRole("button", { name, exact: true });
  await page.getByRole("link", { name: en.profile.keysOpen }).click();
  await page.getByRole("heading", { name: en.apiKeys.empty.title }).waitFor();
  await button(en.apiKeys.add).click();
  const panel = page.getByRole("dialog", { name: en.apiKeys.new });
  await panel.getByLabel(en.apiKeys.name).fill("The shop");
  for (const verb of ["read", "write"])
    await panel
      .getByRole("checkbox", { name: `${en.apiKeys.nouns.clients}: ${en.apiKeys.verbs[verb]}`, exact: true })
      .check();
  await panel.getByRole("button", { name: en.apiKeys.create, exact: true }).click();

  const once = page.getByRole("dialog", { name: "The key of The shop" });
  const key = await once.locator("pre").first().textContent();
  assert.match(key, /^prk_\w+$/);
  await inspect(page, "journey-key-once");
  await page.keyboard.press("Escape");
  assert.ok(await once.isVisible(), "a slip of the hand closed it");
  await once.getByRole("button", { name: en.apiKeys.kept, exact: true }).click();
  await once.waitFor({ state: "detached" });
  await page.reload();
  await page.getByText("The shop", { exact: true }).waitFor();
  assert.ok(!(await page.content()).includes(key), "the key is shown again");

  const made = await program(key, "POST", "/clients", { email: "bought@example.org" });
  assert.equal(made.status, 201);
  assert.equal((await api("GET", `/clients/${made.body.id}`)).email, "bought@example.org");
  for (const [method, path, body] of [
    ["GET", "/messages"],
    ["POST", "/mailings", { name: "x", message_id: 1, audience: { all: true } }],
    ["POST", "/api-keys", { name: "another", scopes: ["clients:read"] }],
    ["GET", "/me/sessions"],
  ]) {
    const refused = await program(key, method, path, body);
    assert.deepEqual([refused.status, refused.type], [403, "application/problem+json"], `${method} ${path}`);
    assert.equal(refused.body.status, 403);
  }

  // By now it was used, and the screen says so.
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "The shop" }).getByText(en.apiKeys.lastUsed).waitFor();
  await button("Revoke The shop").click();
  const asked = page.getByRole("dialog", { name: "Revoke the key of The shop?" });
  await inspect(page, "journey-key-revoke");
  await asked.getByRole("button", { name: en.apiKeys.revoke, exact: true }).click();
  await page.getByText("The key of The shop is revoked").waitFor();
  await page.getByRole("heading", { name: en.apiKeys.empty.title }).waitFor();
  assert.equal((await program(key, "GET", "/clients")).status, 401);
  await close();
});
