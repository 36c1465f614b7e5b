// Every screen there is, a line each: `make screens` takes its picture at three widths, in both themes and both
// languages, and asks axe about it.
//
// name: of the picture · path · who: visitor, user, manager or superuser (see demo.mjs)
// prepare: what to do on the page first, given it, the texts of the language and what demo.mjs made

async function makeKey(page, words, name) {
  await page.getByRole("button", { name: words.apiKeys.add }).click();
  const panel = page.getByRole("dialog");
  await panel.getByLabel(words.apiKeys.name).fill(name);
  await panel.getByRole("checkbox").first().check();
  await panel.getByRole("button", { name: words.apiKeys.create }).click();
  await page.getByRole("button", { name: words.apiKeys.kept }).waitFor();
}

/** @type {{name: string, path: string | ((made: object) => string), who: string, prepare?: Function}[]} */
export const screens = [
  { name: "home", path: "/", who: "visitor" },
  { name: "sign-in", path: "/sign-in", who: "visitor" },
  { name: "register", path: "/register", who: "visitor" },
  { name: "mailings", path: "/mailings", who: "user" },
  { name: "clients", path: "/clients", who: "user" },
  { name: "clients-everyones", path: "/clients?owner=all", who: "manager" },
  { name: "clients-empty", path: "/clients", who: "manager" },
  { name: "clients-none", path: "/clients?q=nobody", who: "user" },
  {
    name: "clients-selected",
    path: "/clients?sort=email",
    who: "user",
    prepare: (page) => page.getByRole("main").getByRole("checkbox").nth(1).click(),
  },
  {
    name: "clients-delete",
    path: "/clients",
    who: "user",
    prepare: async (page, words) => {
      await page.getByRole("main").getByRole("checkbox").first().click();
      await page.getByRole("button", { name: words.clients.bulk.delete.act, exact: true }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "client",
    path: ({ clients }) => `/clients?open=${clients[0].id}`,
    who: "user",
    prepare: (page, words) => page.getByText(words.clients.history.title).waitFor(),
  },
  {
    name: "client-edit",
    path: ({ clients }) => `/clients?open=${clients[9].id}&edit=true`,
    who: "user",
    prepare: (page, words) => page.getByRole("button", { name: words.clients.save, exact: true }).waitFor(),
  },
  {
    name: "client-new",
    path: "/clients?open=new",
    who: "user",
    prepare: async (page, words) => {
      const panel = page.getByRole("dialog");
      await panel.getByLabel(words.clients.email).fill("not an address");
      await panel.getByRole("button", { name: words.clients.create }).click();
      await page.getByText(words.form.email).waitFor();
    },
  },
  {
    name: "api-keys",
    path: "/account/api-keys",
    who: "user",
    prepare: async (page, words) => {
      await makeKey(page, words, "The shop");
      await page.getByRole("button", { name: words.apiKeys.kept }).click();
      await page.getByText("The shop").first().waitFor();
    },
  },
  { name: "api-keys-empty", path: "/account/api-keys", who: "manager" },
  {
    name: "api-key-new",
    path: "/account/api-keys?open=new",
    who: "superuser",
    prepare: (page, words) => page.getByRole("dialog").getByLabel(words.apiKeys.name).waitFor(),
  },
  {
    name: "api-key-once",
    path: "/account/api-keys",
    who: "user",
    prepare: (page, words) => makeKey(page, words, "Shown"),
  },
  { name: "suppressions", path: "/suppressions", who: "user" },
  {
    name: "suppression-new",
    path: "/suppressions?add=true",
    who: "user",
    prepare: (page) => page.getByRole("dialog").waitFor(),
  },
  { name: "mailings-all", path: "/mailings?owner=all&q=letter", who: "manager" },
  { name: "mailing-new", path: "/mailings/new", who: "user" },
  {
    name: "mailing-filled",
    path: (made) => `/mailings/new?message_id=${made.message.id}&tag=regular`,
    who: "user",
    prepare: async (page, words) => {
      await page.getByRole("radio", { name: words.mailingForm.when.repeat }).check();
      await page.getByText(/^(Next starts|Ближайшие)/).waitFor();
      await page.getByRole("button", { name: words.mailingForm.more.title }).click();
    },
  },
  { name: "mailing-running", path: (made) => `/mailings/${made.running.id}`, who: "user" },
  {
    name: "mailing-cancel",
    path: (made) => `/mailings/${made.running.id}`,
    who: "user",
    prepare: async (page, words) => {
      await page.getByRole("button", { name: words.mailing.more }).click();
      await page.getByRole("menuitem", { name: words.mailing.ask.cancel }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  { name: "mailing-finished", path: (made) => `/mailings/${made.mailing.id}`, who: "user" },
  { name: "mailing-foreign", path: (made) => `/mailings/${made.running.id}`, who: "manager" },
  { name: "messages", path: "/messages", who: "user" },
  { name: "messages-empty", path: "/messages?q=nothing+is+called+so", who: "user" },
  { name: "messages-everyones", path: "/messages?owner=all", who: "manager" },
  {
    name: "message-visual",
    path: ({ letter }) => `/messages/${letter.id}`,
    who: "user",
    prepare: async (page, words) => {
      await page.getByRole("textbox", { name: words.messages.tab.visual }).waitFor();
      await page.frameLocator("iframe").getByRole("heading").waitFor();
    },
  },
  {
    name: "message-source",
    path: ({ template }) => `/messages/${template.id}?view=desktop&ground=dark`,
    who: "user",
    prepare: async (page, words) => {
      await page.getByText(words.messages.visual.liquid).waitFor();
      await page.frameLocator("iframe").getByRole("heading").waitFor();
    },
  },
  { name: "message-new", path: "/messages/new?tab=text", who: "user" },
  {
    name: "message-test",
    path: ({ letter }) => `/messages/${letter.id}`,
    who: "user",
    prepare: async (page, words) => {
      await page.getByRole("button", { name: words.messages.test.button }).click();
      await page.getByRole("dialog").getByRole("button", { name: words.messages.test.send }).click();
      await page.getByRole("link", { name: words.messages.test.open }).waitFor({ timeout: 30_000 });
    },
  },
  { name: "message-foreign", path: ({ letter }) => `/messages/${letter.id}?tab=html`, who: "manager" },
  { name: "dashboard", path: "/dashboard", who: "user" },
  { name: "dashboard-new", path: "/dashboard", who: "manager" },
  { name: "reports", path: "/reports", who: "user" },
  { name: "reports-all", path: "/reports?owner=all", who: "superuser" },
  { name: "report", path: (made) => `/reports/${made.report}`, who: "user" },
  { name: "report-rows", path: (made) => `/reports/${made.report}?state=skipped#recipients`, who: "user" },
  {
    name: "report-delivery",
    path: (made) => `/reports/${made.report}?client=${made.clients[0].id}`,
    who: "user",
    prepare: (page) => page.getByRole("dialog").waitFor(),
  },
  {
    name: "why",
    path: (made) => `/reports/${made.report}/clients/${made.clients[0].id}`,
    who: "user",
  },
  { name: "audit", path: "/admin/audit", who: "superuser" },
  { name: "audit-none", path: "/admin/audit?q=nobody", who: "superuser" },
  {
    name: "audit-event",
    path: "/admin/audit?open=1",
    who: "superuser",
    prepare: (page, words) => page.getByRole("dialog").getByText(words.audit.details).waitFor(),
  },
  { name: "users", path: "/admin/users", who: "superuser" },
  {
    name: "user",
    path: "/admin/users?open=1",
    who: "superuser",
    prepare: (page, words) =>
      page.getByRole("dialog").getByRole("heading", { name: words.users.rights }).waitFor(),
  },
  { name: "users-manager", path: "/admin/users?role=plain", who: "manager" },
  { name: "groups", path: "/admin/groups", who: "superuser" },
  { name: "transports", path: "/admin/transports", who: "superuser" },
  {
    name: "transport-new",
    path: "/admin/transports?open=new",
    who: "superuser",
    prepare: (page) => page.getByRole("dialog").waitFor(),
  },
  { name: "system", path: "/admin/system", who: "superuser" },
  { name: "inbox", path: "/inbox", who: "user" },
  {
    name: "inbox-mail",
    path: "/inbox",
    who: "user",
    prepare: async (page) => {
      await page.getByRole("main").getByRole("table").getByRole("link").first().click();
      await page.getByRole("dialog").locator("iframe").waitFor();
    },
  },
  { name: "account", path: "/account", who: "user" },
  { name: "forbidden", path: "/admin/system", who: "user" },
  { name: "not-found", path: "/no/such/page", who: "user" },
  { name: "not-found-foreign", path: "/mailings/999999", who: "user" },
];
