import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PERMISSIONS } from "@/api/permissions.gen";
import enPublic from "./en";
import enScreens from "./en-screens";
import { keyOfFile } from "./resources";
import ruPublic from "./ru";
import ruScreens from "./ru-screens";

const enTexts = { ...enPublic, ...enScreens };
const ruTexts = { ...ruPublic, ...ruScreens };

type Texts = { [key: string]: string | Texts };

const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(texts: Texts, prefix = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === "string") all.set(prefix + key, value);
    else for (const entry of flat(value, `${prefix}${key}.`)) all.set(...entry);
  }
  return all;
}

const languages = { en: flat(enTexts as Texts), ru: flat(ruTexts as Texts) };
const stems = (texts: Map<string, string>) =>
  [...new Set([...texts.keys()].map((key) => key.replace(PLURAL, "")))].sort();
const variables = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

/** The source of everything but tests and generated files. */
function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /(?<!\.test|\.gen)\.tsx?$/.test(entry.name) ? readFileSync(path, "utf8") : "";
    })
    .join("\n");
}

test("both languages have the same texts", () => {
  expect(stems(languages.ru)).toEqual(stems(languages.en));
});

test("the compiler knows every file", () => {
  const listed = [
    ...readFileSync(join(import.meta.dirname, "resources.ts"), "utf8").matchAll(
      /^ {2}(\w+): typeof import\("(.+)"\)/gm,
    ),
  ];
  expect(listed.map(([, key]) => key)).toEqual(Object.keys(enTexts).toSorted());
  for (const [, key, path] of listed) expect(keyOfFile(path ?? "")).toBe(key);
});

test("every text is used", () => {
  const code = sources(join(import.meta.dirname, ".."));
  const written = new Set([...code.matchAll(/["'`]([a-zA-Z]\w*(?:\.\w+)+)["'`]/g)].map(([, key]) => key));
  // `state.mailing.${status}` uses whatever stands where the expression does.
  const made = [...code.matchAll(/`([a-zA-Z]\w*\.[\w.]*(?:\$\{[^}]*\}[\w.]*)+)`/g)].map(
    ([, key]) => new RegExp(`^${(key ?? "").replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`),
  );
  const unused = stems(languages.en).filter(
    (key) => !written.has(key) && !made.some((some) => some.test(key)),
  );
  expect(unused).toEqual([]);
});

test.each(Object.entries(languages))(
  "%s: every plural has each form of the language, and each has the number",
  (language, texts) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
    const plurals = new Map<string, string[]>();
    for (const key of texts.keys()) {
      const form = PLURAL.exec(key)?.[1];
      if (form) plurals.set(key.replace(PLURAL, ""), [...(plurals.get(key.replace(PLURAL, "")) ?? []), form]);
    }
    expect(plurals.size).toBeGreaterThan(0);
    for (const [key, found] of plurals) {
      expect(found.toSorted(), key).toEqual(forms);
      for (const form of forms)
        expect(variables(texts.get(`${key}_${form}`) ?? "").join(" "), key).toMatch(
          /\b(count|number|shown)\b/,
        );
    }
  },
);

test.each(Object.entries(languages))(
  "%s: every permission there is has its words, and no other",
  (_, texts) => {
    const said = [...texts.keys()].filter((key) => key.startsWith("groups.permissions."));
    const due = PERMISSIONS.flatMap((permission) =>
      ["name", "does"].map((part) => `groups.permissions.${permission.replace(".", "_")}.${part}`),
    );
    expect(said.toSorted()).toEqual(due.toSorted());
  },
);

test("a text has the same variables in both languages", () => {
  for (const [key, text] of languages.en) {
    const same = languages.ru.get(key) ?? languages.ru.get(`${key.replace(PLURAL, "")}_other`) ?? "";
    expect(variables(same), key).toEqual(variables(text));
  }
});

test("no text is empty, and the Russian ones are in Russian", () => {
  for (const [key, text] of languages.en) expect(text.trim(), key).not.toBe("");
  for (const [key, text] of languages.ru) {
    // The name of the product, and what is nothing but variables, numbers and names of formats.
    if (/[a-z]/i.test(text.replace(/{{\w+}}|Postrider|CSV|API|URL|HTML|SMTP|Liquid|cron/g, "")))
      expect(text, key).toMatch(/[а-яё]/i);
  }
});
