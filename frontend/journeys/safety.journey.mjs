// What headers alone do not prove: a mail that means harm does nothing in any frame that shows it, other sites neither
// frame nor read this one, and Swagger UI works under the policy of the interface.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { apiAs, base, call, launch, visitor } from "./browser.mjs";
import { en } from "./words.mjs";

const PASSWORD = "quiet-harbour-lantern-42";
let browser;
let other; // another site, which is never to be asked by a mail

before(async () => {
  browser = await launch();
  other = await site();
});
after(async () => {
  await browser?.close();
  await other?.close();
});

/** A site of somebody else's on another port: other in every sense that browsers know. */
async function site() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>elsewhere</title>");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { asked, url, close: () => new Promise((done) => server.close(done)) };
}

async function signedIn() {
  const email = `safety-${randomBytes(6).toString("hex")}@example.com`;
  await call("POST", "/auth/register", { email, password: PASSWORD, locale: "en", timezone: "UTC" });
  const context = await browser.newContext({ baseURL: base, locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  await page.goto("/sign-in?return_to=/messages");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: en.signIn.submit, exact: true }).click();
  await page.getByRole("heading", { name: en.messages.empty.title }).waitFor();
  return { page, email, api: await apiAs(email, PASSWORD), close: () => context.close() };
}

/** Every way we know by which a mail could run something, or tell its sender that it is read. */
const hostile = (url) => `<html><head>
  <base href="${url}/base/"><meta http-equiv="refresh" content="0;url=${url}/refresh"><link rel="stylesheet" href="${url}/link.css">
  <style>@import url(${url}/import.css); @font-face { font-family: x; src: url(${url}/font); } body { background: url(${url}/background); font-family: x }</style>
  </head><body onload="top.document.title='ran'">
  <p id="seen">Harmless to look at</p><script>top.document.title='ran'; fetch('${url}/script')</script>
  <img src="${url}/picture" alt=""><img src="x" onerror="top.document.title='ran'" alt=""><svg onload="top.document.title='ran'"></svg>
  <video src="${url}/video" poster="${url}/poster" autoplay></video><audio src="${url}/audio" autoplay></audio>
  <input type="image" src="${url}/input"><iframe src="${url}/frame"></iframe><object data="${url}/object"></object><embed src="${url}/embed">
  <table background="${url}/table"><tr><td>x</td></tr></table><form action="${url}/form"><button autofocus>x</button></form>
  <a href="${url}/top" target="_top">leave</a><a href="javascript:top.document.title='ran'">run</a></body></html>`;

test("a mail that means harm does nothing where it is shown", async () => {
  const { page, api, email, close } = await signedIn();
  const message = await api("POST", "/messages", { name: "Harm", subject: "Harm", html: hostile(other.url) });
  await api("POST", `/messages/${message.id}/test`);

  const shows = async (path, title) => {
    await page.goto(path);
    const frame = page.locator(`iframe[title="${title}"]`);
    await frame.waitFor();
    assert.equal(await frame.getAttribute("sandbox"), "");
    const inside = frame.contentFrame();
    await inside.locator("#seen").waitFor();
    // A link may be followed with a click, and then it leads nowhere.
    for (const name of ["leave", "run"]) {
      await inside
        .getByText(name, { exact: true })
        .evaluate((link) => link.click())
        .catch(() => {});
    }
    // What was to be loaded would have been asked for before a whole answer of the server came.
    await page.evaluate(() => fetch("/healthz"));
    assert.notEqual(await page.title(), "ran");
    assert.ok(page.url().startsWith(base), page.url());
    assert.ok(await inside.locator("#seen").isVisible());
  };
  await shows(`/messages/${message.id}?view=desktop`, en.messages.preview.frame);

  let mail;
  for (let turn = 0; !mail && turn < 100; turn++) {
    // the worker sends it in its own time
    mail = (await api("GET", "/inbox")).items.find(({ to }) => to === email);
    if (!mail) await new Promise((next) => setTimeout(next, 100));
  }
  if (mail) await shows(`/inbox?open=${mail.id}`, en.inbox.frame);

  assert.deepEqual(other.asked, []);
  await close();
});

test("another site neither frames nor reads this one", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(other.url);
  const seen = await page.evaluate(async (base) => {
    const read = (path) =>
      fetch(base + path, { credentials: "include" }).then(
        () => "read",
        () => "refused",
      );
    const framed = document.createElement("iframe");
    const loaded = new Promise((done) => {
      framed.onload = done;
    });
    framed.src = `${base}/sign-in`;
    document.body.append(framed);
    await loaded;
    const script = document.createElement("script");
    const ran = new Promise((done) => {
      script.onload = () => done("ran");
      script.onerror = () => done("refused");
    });
    script.src = `${base}/openapi.json`;
    document.body.append(script);
    return { api: await read("/api/v1/public/home"), page: await read("/"), script: await ran };
  }, base);
  assert.deepEqual(seen, { api: "refused", page: "refused", script: "refused" });
  const frame = page.frames().find((one) => one !== page.mainFrame());
  assert.equal(await frame.locator("#root").count(), 0, "the sign-in page was framed");
  await context.close();
});

test("Swagger UI works under the policy of the interface, with an API key as with none that is good", async () => {
  const email = `safety-${randomBytes(6).toString("hex")}@example.com`;
  await call("POST", "/auth/register", { email, password: PASSWORD, locale: "en", timezone: "UTC" });
  const api = await apiAs(email, PASSWORD);
  const { key } = await api("POST", "/api-keys", { name: "Swagger UI", scopes: ["clients:read"] });

  const { page, close } = await visitor(browser, "en-GB");
  await page.goto("/swagger/");
  const dialog = page.locator(".auth-container");
  const authorize = async (token) => {
    await page.getByRole("button", { name: "Authorize" }).first().click();
    const input = dialog.locator("input");
    const again = dialog.getByRole("button", { name: "Remove authorization" });
    await input.or(again).waitFor();
    if (await again.isVisible()) await again.click();
    await input.fill(token);
    await dialog.getByRole("button", { name: /^Apply|Authorize$/ }).click();
    await dialog.getByText("Authorized").first().waitFor();
    await page.getByRole("button", { name: "Close" }).click();
  };
  const answers = page.locator(".live-responses-table");
  await authorize("not-a-token");
  await page.locator("[id$='-readMe']").first().click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();
  await answers.getByText("401").first().waitFor();
  await authorize(key);
  await page.getByRole("button", { name: "Execute" }).click();
  await answers.getByText("200").first().waitFor();
  await answers.getByText(email).first().waitFor();
  await close();
});
