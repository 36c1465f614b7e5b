// People at a page, as every journey needs them.
import { randomBytes } from "node:crypto";
import { apiAs, call, visitor } from "./browser.mjs";
import { en, ru } from "./words.mjs";

export const PASSWORD = "quiet-harbour-lantern-42";

/** An address that nobody has. */
export const someEmail = (who = "journey") => `${who}-${randomBytes(6).toString("hex")}@example.com`;

/** Fills in the form of the sign-in page one is on. */
export async function signIn(page, words, email, password = PASSWORD) {
  await page.getByLabel(words.signIn.email).fill(email);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(password);
  await page.getByRole("button", { name: words.signIn.submit, exact: true }).click();
}

/**
 * Somebody who is signed in on a page of their own, at `path`, with the API beside the browser. Without an e-mail a
 * new account is made.
 */
export async function person(browser, { locale = "en-GB", path = "/dashboard", email, password } = {}) {
  const words = locale === "ru-RU" ? ru : en;
  const language = words === ru ? "ru" : "en";
  const as = { email: email ?? someEmail(), password: password ?? PASSWORD };
  if (!email) await call("POST", "/auth/register", { ...as, locale: language, timezone: "Europe/Moscow" });
  const { page, close } = await visitor(browser, locale);
  await page.goto(path);
  await signIn(page, words, as.email, as.password);
  await page.getByRole("navigation", { name: words.app.navigation }).waitFor();
  return { page, close, words, api: await apiAs(as.email, as.password), ...as };
}

export const aMessage = (api) =>
  api("POST", "/messages", {
    name: "Good day",
    subject: "Good day, {{ client.full_name }}",
    html: "<p>Good day, {{ client.full_name }}.</p>",
  });
