/**
 * The texts as the compiler knows them: a line per file of en/ (in en/public/ what a visitor may read, which every
 * first visit loads), under the key its texts have in code
 * (`t("clients.title")` stands in clients.json as `title`). texts.test.ts holds this list, both folders and the code together.
 */
export interface Resources {
  account: typeof import("./en/public/account.json");
  apiKeys: typeof import("./en/api-keys.json");
  app: typeof import("./en/public/app.json");
  audit: typeof import("./en/audit.json");
  clients: typeof import("./en/clients.json");
  dashboard: typeof import("./en/dashboard.json");
  failure: typeof import("./en/public/failure.json");
  form: typeof import("./en/public/form.json");
  groups: typeof import("./en/groups.json");
  home: typeof import("./en/public/home.json");
  inbox: typeof import("./en/inbox.json");
  language: typeof import("./en/public/language.json");
  mail: typeof import("./en/public/mail.json");
  mailing: typeof import("./en/mailing.json");
  mailingForm: typeof import("./en/mailing-form.json");
  mailings: typeof import("./en/mailings.json");
  messages: typeof import("./en/messages.json");
  nav: typeof import("./en/public/nav.json");
  notFound: typeof import("./en/public/not-found.json");
  profile: typeof import("./en/profile.json");
  reason: typeof import("./en/reason.json");
  register: typeof import("./en/public/register.json");
  reports: typeof import("./en/reports.json");
  schedule: typeof import("./en/schedule.json");
  signIn: typeof import("./en/public/sign-in.json");
  smtp: typeof import("./en/smtp.json");
  state: typeof import("./en/state.json");
  suppressions: typeof import("./en/suppressions.json");
  system: typeof import("./en/system.json");
  theme: typeof import("./en/public/theme.json");
  transports: typeof import("./en/transports.json");
  ui: typeof import("./en/public/ui.json");
  users: typeof import("./en/users.json");
  why: typeof import("./en/why.json");
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
