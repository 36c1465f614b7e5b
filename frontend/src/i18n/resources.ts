/**
 * The texts as the compiler knows them: a line per file of en/, under the key its texts have in code
 * (`t("clients.title")` stands in clients.json as `title`). texts.test.ts holds this list, both folders and the code together.
 */
export interface Resources {
  account: typeof import("./en/account.json");
  app: typeof import("./en/app.json");
  clients: typeof import("./en/clients.json");
  failure: typeof import("./en/failure.json");
  form: typeof import("./en/form.json");
  home: typeof import("./en/home.json");
  language: typeof import("./en/language.json");
  mailing: typeof import("./en/mailing.json");
  mailingForm: typeof import("./en/mailing-form.json");
  mailings: typeof import("./en/mailings.json");
  nav: typeof import("./en/nav.json");
  notFound: typeof import("./en/not-found.json");
  reason: typeof import("./en/reason.json");
  register: typeof import("./en/register.json");
  schedule: typeof import("./en/schedule.json");
  signIn: typeof import("./en/sign-in.json");
  state: typeof import("./en/state.json");
  suppressions: typeof import("./en/suppressions.json");
  theme: typeof import("./en/theme.json");
  ui: typeof import("./en/ui.json");
}

/** The key of a file's texts: `./en/sign-in.json` → `signIn`. */
export function keyOfFile(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1, -".json".length);
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Puts the files of a language together to what i18next takes. */
export function joinTexts(files: Record<string, object>): Record<string, object> {
  return Object.fromEntries(Object.entries(files).map(([path, texts]) => [keyOfFile(path), texts]));
}
