// The texts of the interface as it shows them, for finding things on a page.
import { readdirSync, readFileSync } from "node:fs";

const i18n = new URL("../src/i18n/", import.meta.url);

function textsOf(language) {
  const folder = new URL(`${language}/`, i18n);
  return Object.fromEntries(
    readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith(".json"))
      .map((file) => [
        file.replace(/^.*\/|\.json$/g, "").replace(/-(\w)/g, (_, letter) => letter.toUpperCase()),
        JSON.parse(readFileSync(new URL(file, folder), "utf8")),
      ]),
  );
}

export const en = textsOf("en");
export const ru = textsOf("ru");
