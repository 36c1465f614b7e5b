import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { part } from "@/api/failure";
import type { Resources } from "./resources";

export const LANGUAGES = { ru: "Русский", en: "English" } as const;
export type Language = keyof typeof LANGUAGES;

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: Resources };
  }
}

const STORED = "postrider.language";

type Load = () => Promise<{ default: object }>;

// One language is loaded, not both, and behind sign-in alone what is read there alone: the texts grow with every screen.
const texts: Record<Language, { visitor: Load; screens: Load }> = {
  ru: { visitor: () => import("./ru"), screens: () => import("./ru-screens") },
  en: { visitor: () => import("./en"), screens: () => import("./en-screens") },
};

const loaded = new Set<Load>();
let screensToo = false;

async function load(tag: Language, what: Load) {
  if (loaded.has(what)) return;
  i18next.addResourceBundle(tag, "translation", (await part(what())).default, true);
  loaded.add(what);
}

export function isLanguage(value: unknown): value is Language {
  return typeof value === "string" && Object.hasOwn(LANGUAGES, value);
}

/** The language of the interface. */
export function language(): Language {
  return isLanguage(i18next.language) ? i18next.language : "en";
}

/** What was chosen in this browser, if anything was. */
export function chosenLanguage(): Language | undefined {
  const stored = localStorage.getItem(STORED);
  return isLanguage(stored) ? stored : undefined;
}

function browserLanguage(): Language {
  const known = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return known ?? "en";
}

async function use(next: Language) {
  const { visitor, screens } = texts[next];
  await Promise.all([load(next, visitor), screensToo && load(next, screens)]);
  await i18next.changeLanguage(next);
}

/** Loads, for good, also what is read behind sign-in. */
export async function loadScreenTexts(): Promise<void> {
  screensToo = true;
  await load(language(), texts[language()].screens);
}

/** Resolves when texts can be shown: in the language chosen here before, else in the browser's. */
export async function startI18n(): Promise<void> {
  i18next.on("languageChanged", (tag) => {
    document.documentElement.lang = tag;
  });
  await i18next.use(initReactI18next).init({
    resources: {},
    fallbackLng: false,
    // React escapes.
    interpolation: { escapeValue: false },
  });
  await use(chosenLanguage() ?? browserLanguage());
}

/** Switches the interface and remembers the choice in this browser. */
export async function chooseLanguage(next: Language): Promise<void> {
  await use(next);
  localStorage.setItem(STORED, next);
}

/** Goes back to the language that visitors of this browser have: that of an account ends with its session. */
export async function forgetAccount(): Promise<void> {
  await use(chosenLanguage() ?? browserLanguage());
}

/** Follows the account's language unless another was chosen in this browser. */
export async function followAccount(locale: string): Promise<void> {
  if (isLanguage(locale) && !chosenLanguage() && locale !== language()) await use(locale);
}
