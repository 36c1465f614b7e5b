// A real browser on a running Postrider, and what every journey asks of a page.
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

/** Where the server under test listens; POSTRIDER_URL must say so. */
export const base = (process.env.POSTRIDER_URL ?? "").replace(/\/$/, "");
if (!base)
  throw new Error("set POSTRIDER_URL to the address of a running Postrider, as http://127.0.0.1:8080");

const SCREENS = new URL("../screens/", import.meta.url).pathname;
const WIDTHS = [375, 768, 1280];

function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin"];
  const found = folders
    .flatMap((folder) => ["chromium", "chromium-browser"].map((name) => join(folder, name)))
    .find((path) => existsSync(path));
  if (!found) throw new Error("no chromium on PATH: install it or set CHROMIUM to its path");
  return found;
}

/** Starts Chromium in a way that asks nothing of the network but the server under test. */
export function launch() {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A new person with an empty browser in the given language. `close` ends it and fails the journey when the page
 * threw, broke its Content-Security-Policy or asked another host for anything.
 */
export async function visitor(browser, locale) {
  const context = await browser.newContext({
    baseURL: base,
    locale,
    timezoneId: "Europe/Moscow",
    reducedMotion: "reduce",
    viewport: { width: 1280, height: 800 },
  });
  const page = await context.newPage();
  // A busy machine is no failure; what is awaited is there at once on an idle one.
  page.setDefaultTimeout(45_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Minified React error|Encountered two children/.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith("data:"))
      complaints.push(`asked another host: ${url}`);
  });
  return {
    page,
    close: async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    },
  };
}

/**
 * Looks at the page in both themes and at three widths: axe finds nothing, nothing is wider than the screen, and
 * a picture of each is left in screens/. The page is back at 1280 in the light theme afterwards.
 */
export async function inspect(page, name) {
  mkdirSync(SCREENS, { recursive: true });
  for (const theme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width < 500 ? 740 : 900 });
      await page.screenshot({ path: `${SCREENS}${name}-${theme}-${width}.png` });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(overflow, 0, `${name}: wider than the screen at ${width} px`);
      // Between these two the same elements are shown.
      if (width === 768) continue;
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      assert.deepEqual(violations.map(brief), [], `${name}: axe at ${width} px, ${theme}`);
    }
  }
}

const brief = ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => node.html).join("\n")}`;

/** One call of the API; rejects on anything but success. */
export async function call(method, path, body, token) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      ...(body && { "Content-Type": "application/json" }),
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** The API as the same person. */
export async function apiAs(email, password) {
  const { access_token } = await call("POST", "/auth/login", { email, password });
  return (method, path, body) => call(method, path, body, access_token);
}
