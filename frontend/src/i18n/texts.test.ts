import { expect, test } from "vitest";
import en from "./en.json";
import ru from "./ru.json";

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

const languages = { en: flat(en), ru: flat(ru) };
const stems = (texts: Map<string, string>) =>
  [...new Set([...texts.keys()].map((key) => key.replace(PLURAL, "")))].sort();
const variables = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

test("both languages have the same texts", () => {
  expect(stems(languages.ru)).toEqual(stems(languages.en));
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
      for (const form of forms) expect(variables(texts.get(`${key}_${form}`) ?? ""), key).toContain("count");
    }
  },
);

test("a text has the same variables in both languages", () => {
  for (const [key, text] of languages.en) {
    expect(variables(languages.ru.get(key) ?? ""), key).toEqual(variables(text));
  }
});

test("no text is empty, and the Russian ones are in Russian", () => {
  for (const [key, text] of languages.en) expect(text.trim(), key).not.toBe("");
  for (const [key, text] of languages.ru) {
    if (key !== "app.name") expect(text, key).toMatch(/[а-яё]/i);
  }
});
