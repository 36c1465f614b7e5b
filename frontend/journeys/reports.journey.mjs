// A report against a mail server that misbehaves by a script: what was refused is retried, a doubt is settled, the
// server of the interface dies in the middle of a run and the page comes back, and a stranger finds nothing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { en } from "./words.mjs";

const PROGRAM = new URL("../../bin/postrider", import.meta.url).pathname;
const PASSWORD = "quiet-harbour-lantern-42";
const SCRIPT = `
at rcpt to refused* first-try do reply 550 "5.1.1 user unknown"
at body to doubt* first-try do drop
`;

const folder = mkdtempSync(join(tmpdir(), "postrider-reports-"));
const running = new Set();
let browser;
let tools;
let port;
let smtp;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts the program with these arguments. */
function start(args, env = {}) {
  const child = spawn(PROGRAM, args, { cwd: folder, stdio: "ignore", env: { ...process.env, ...env } });
  child.ended = new Promise((resolve) => child.once("exit", resolve));
  running.add(child);
  return child;
}

/** The embedded program on the one port and the one folder: started again, it goes on where it was. */
async function up() {
  const child = start(["up", "--data-dir", join(folder, "data")], {
    POSTRIDER_HTTP_ADDR: `127.0.0.1:${port}`,
    POSTRIDER_SMTP_URL: `smtp://127.0.0.1:${smtp}?tls=none`,
    POSTRIDER_LIMITS: "off",
  });
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (ready?.ok) return child;
    assert.ok(tries < 300 && child.exitCode === null, "the program did not become ready");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

let program;
before(async () => {
  [port, smtp] = [await freePort(), await freePort()];
  writeFileSync(join(folder, "script"), SCRIPT);
  start(["sink", "--listen", `127.0.0.1:${smtp}`, "--script", join(folder, "script")]);
  program = await up();
  process.env.POSTRIDER_URL = `http://127.0.0.1:${port}`;
  tools = await import("./browser.mjs");
  browser = await tools.launch();
});
after(async () => {
  await browser?.close();
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...running].map((child) => child.ended));
  rmSync(folder, { recursive: true, force: true });
});

/** A person who is signed in on a page, and the API as them. */
async function person(email) {
  await tools.call("POST", "/auth/register", { email, password: PASSWORD, timezone: "Europe/Moscow" });
  const { page, close } = await tools.visitor(browser, "en-GB");
  // Two programs, a sink and a browser share the machine.
  page.setDefaultTimeout(60_000);
  await page.goto("/sign-in");
  await page.getByLabel(en.signIn.email).fill(email);
  await page.getByLabel(en.signIn.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: en.signIn.submit, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: en.dashboard.title }).waitFor();
  return { page, close, api: await tools.apiAs(email, PASSWORD) };
}

/** Starts a mailing to new clients with these addresses; resolves with its run. */
async function send(api, addresses, more = {}) {
  const client_ids = [];
  for (const email of addresses) client_ids.push((await api("POST", "/clients", { email })).id);
  const message = await api("POST", "/messages", { name: "News", subject: "News", text: "Good day." });
  const mailing = { name: "News of the day", message_id: message.id, audience: { client_ids }, ...more };
  return (await api("POST", "/mailings", mailing)).last_run_id;
}

test("what was refused is retried, and a doubt is settled by hand", async () => {
  const { page, close, api } = await person("anna@example.com");
  const run = await send(api, ["refused@example.org", "doubt@example.org", "well@example.org"]);
  const button = (name) => page.getByRole("button", { name, exact: true });

  await page.goto("/reports");
  await page.getByRole("link", { name: "News of the day" }).click();
  await page.getByText("3 planned = 1 sent + 1 refused + 1 in doubt").waitFor({ timeout: 90_000 });
  await tools.inspect(page, "journey-report");

  await page.getByRole("link", { name: "Refused: show 1" }).click();
  await page.getByRole("link", { name: "refused@example.org: what happened" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByText("550 5.1.1 user unknown").waitFor();
  await panel.getByText(en.smtp.words.mailboxUnknown).first().waitFor();
  await tools.inspect(page, "journey-delivery");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });

  await page.getByRole("link", { name: "In doubt: show 1" }).click();
  await page.getByRole("checkbox", { name: "Select doubt@example.org" }).check();
  await button(en.reports.resolve.sent).click();
  await page.getByRole("dialog").getByRole("button", { name: "Call 1 delivered" }).click();
  await page.getByText("3 planned = 2 sent + 1 refused").waitFor();

  await button(en.reports.retry.open).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send 1 mail again" }).click();
  await page.getByRole("link", { name: `Retries what was left of run ${run}` }).waitFor();
  await page.getByText("1 planned = 1 sent").waitFor({ timeout: 90_000 });
  assert.notEqual(new URL(page.url()).pathname, `/reports/${run}`);
  await close();
});

test("the server dies in the middle of a run and the page comes back by itself", async () => {
  const { page, close, api } = await person("boris@example.com");
  const addresses = Array.from({ length: 40 }, (_, n) => `slow${n}@example.org`);
  const run = await send(api, addresses, { rate_per_minute: 120 });
  await page.goto(`/reports/${run}`);
  const bar = page.getByRole("progressbar").first();
  await bar.waitFor();
  await page.waitForFunction(
    () => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) >= 3,
    null,
    { timeout: 60_000 },
  );
  program.kill("SIGKILL");
  await program.ended;
  // What was known stays on the page.
  await page.waitForTimeout(3_000);
  await bar.waitFor();
  program = await up();
  await page.getByText(/^40 planned = /).waitFor({ timeout: 240_000 });
  await page.getByRole("status").getByText(en.state.run.finished).waitFor({ timeout: 240_000 });
  const { counts } = await api("GET", `/reports/${run}`);
  assert.equal(counts.sent + counts.in_doubt, 40, JSON.stringify(counts));
  await close();
});

test("somebody else's report is no page", async () => {
  const owner = await person("clara@example.com");
  const run = await send(owner.api, ["one@example.org"]);
  await owner.close();
  const { page, close } = await person("stranger@example.com");
  for (const path of [`/reports/${run}`, `/reports/${run}/clients/1`, "/reports/999999"]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1, name: en.notFound.title }).waitFor();
  }
  await close();
});
