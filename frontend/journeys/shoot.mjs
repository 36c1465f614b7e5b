// Takes the pictures of `make screens`. SCREENS=clients,home takes those alone.
import { inspect, launch, visitor } from "./browser.mjs";
import { demo } from "./demo.mjs";
import { screens } from "./screens.mjs";
import { en, ru } from "./words.mjs";

const wanted = (process.env.SCREENS ?? "").split(",").filter(Boolean);
const chosen = screens.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)),
);
if (chosen.length === 0) throw new Error(`no screen is called ${wanted}`);

const made = await demo();
const browser = await launch();
const wrong = [];

async function signIn(page, words, who) {
  await page.goto("/sign-in");
  await page.getByLabel(words.signIn.email).fill(made.people[who]);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(made.passwords[who]);
  await page.getByRole("button", { name: words.signIn.submit, exact: true }).click();
  await page.getByRole("navigation", { name: words.app.navigation }).waitFor();
}

for (const [language, words] of Object.entries({ en, ru })) {
  for (const who of new Set(chosen.map((screen) => screen.who))) {
    const { page, close } = await visitor(browser, language === "ru" ? "ru-RU" : "en-GB");
    // What the account says gives way to what was chosen in the browser.
    await page.addInitScript((tag) => {
      // A preview's frame has no storage.
      if (window === window.top) localStorage.setItem("postrider.language", tag);
    }, language);
    if (who !== "visitor") await signIn(page, words, who);
    for (const { name, path, prepare } of chosen.filter((screen) => screen.who === who)) {
      try {
        await page.goto(typeof path === "function" ? path(made) : path);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        // A page that follows a run never falls silent.
        await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => {});
        await prepare?.(page, words, made);
        await inspect(page, `${name}-${language}`);
        console.log(`${name} ${language}`);
      } catch (error) {
        wrong.push(`${name} ${language}: ${error.message}`);
      }
    }
    await close().catch((error) => wrong.push(`${who} ${language}: ${error.message}`));
  }
}
await browser.close();
for (const line of wrong) console.error(line);
console.log(`${chosen.length} screens are in frontend/screens, ${wrong.length} with something wrong`);
process.exit(wrong.length > 0 ? 1 : 0);
