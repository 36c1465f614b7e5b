// A superuser makes somebody a manager by hand; the manager sees what is everybody's and finds nothing that changes it.
// Then the right is taken away, and the next request shows it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, inspect, launch } from "./browser.mjs";
import { aMessage, PASSWORD, person, someEmail } from "./people.mjs";
import { en } from "./words.mjs";

let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const superuser = (browser, path) =>
  person(browser, {
    email: process.env.POSTRIDER_ADMIN_EMAIL,
    password: process.env.POSTRIDER_ADMIN_PASSWORD,
    path,
  });

/** Clients, a message, and mailings in each state that offers something else. */
async function somethingOf(api) {
  const client = await api("POST", "/clients", { email: someEmail("reader"), full_name: "Reader" });
  const silent = await api("POST", "/clients", { email: someEmail("silent") });
  await api("POST", "/suppressions", { email: silent.email, reason: "blocked", note: "" });
  for (const _ of [1, 2, 3]) await api("POST", "/clients", { email: someEmail("more") });
  const message = await aMessage(api);
  const mailing = (name, more) =>
    api("POST", "/mailings", { name, message_id: message.id, audience: { all: true }, ...more });
  const running = await mailing("Slow news", { rate_per_minute: 1 });
  const draft = await mailing("Coming news", { draft: true });
  const scheduled = await mailing("Distant news", { start_at: new Date(Date.now() + 9e7).toISOString() });
  const { id: ownerId } = await api("GET", "/me");
  return { client, silent, message, running, draft, scheduled, ownerId };
}

const button = (name) => ["button", name];

/**
 * What can be looked at, and what acts there: `shown` says that the page is there for a manager, `acts` what its owner
 * finds on it and a manager must not. `open` opens the menu that they are in, `admin`: whoever acts there is a superuser.
 */
const looks = ({ client, silent, message, running, draft, scheduled, ownerId }) => [
  {
    path: `/clients?owner=all&q=${client.email}`,
    shown: (page) => page.getByRole("link", { name: client.email }).first(),
    acts: [
      ["checkbox", `Select ${client.email}`],
      ["checkbox", en.ui.table.selectShown],
    ],
  },
  {
    path: `/clients?open=${client.id}`,
    shown: (page) => page.getByRole("dialog").getByText(en.clients.history.title),
    acts: [en.clients.edit, en.clients.block.act, en.clients.delete.act, en.clients.erase.act].map(button),
  },
  {
    path: `/clients?open=${client.id}&edit=true`,
    shown: (page) => page.getByRole("dialog").getByText(en.clients.comment),
    acts: [button(en.clients.save), ["textbox", en.clients.comment]],
  },
  {
    path: `/clients?open=${silent.id}`,
    shown: (page) => page.getByRole("dialog").getByText(en.clients.history.title),
    acts: [button(en.clients.allow.act)],
  },
  {
    path: `/messages?owner=all&q=${encodeURIComponent(message.name)}`,
    shown: (page) => page.getByRole("link", { name: message.name, exact: true }).first(),
    open: (page) =>
      page
        .getByRole("button", { name: `Actions for ${message.name}` })
        .first()
        .click(),
    acts: [["menuitem", en.messages.delete.open]],
  },
  {
    path: `/messages/${message.id}`,
    shown: (page) => page.getByRole("button", { name: en.messages.duplicate, exact: true }),
    acts: [
      button(en.messages.save),
      button(en.messages.test.button),
      button(`${en.messages.placeholder.insert}: ${en.messages.subject}`),
    ],
  },
  {
    path: `/messages/${message.id}?tab=visual`,
    shown: (page) => page.getByRole("textbox", { name: en.messages.tab.html }),
    acts: [
      ["toolbar", en.messages.toolbar],
      ["textbox", en.messages.tab.visual],
    ],
  },
  {
    path: `/messages/${message.id}?tab=text`,
    shown: (page) => page.getByLabel(en.messages.text.derived),
    acts: [button(en.messages.text.begin)],
  },
  {
    path: `/mailings/${running.id}`,
    shown: (page) => page.getByRole("progressbar").first(),
    acts: [button(en.mailing.ask.pause), button(en.mailing.more), ["textbox", en.mailing.rate.label]],
  },
  {
    path: `/mailings/${draft.id}`,
    shown: (page) => page.getByRole("heading", { level: 1, name: "Coming news" }),
    acts: [button(en.mailing.ask.start), button(en.mailing.more)],
  },
  {
    path: `/mailings/${scheduled.id}`,
    shown: (page) => page.getByText(en.mailing.next),
    acts: [button(en.mailing.ask.edit), button(en.mailing.more)],
  },
  {
    path: `/mailings/${draft.id}/edit`,
    shown: (page) => page.getByRole("heading", { level: 1, name: en.mailingForm.editTitle }),
    acts: [en.mailingForm.check.draft, en.mailingForm.check.now, en.mailingForm.check.test].map(button),
  },
  {
    path: `/admin/users?open=${ownerId}`,
    shown: (page) => page.getByRole("dialog").getByText(en.users.registered),
    acts: [en.users.save, en.users.block.act, en.users.delete.act].map(button),
    admin: true,
  },
];

const act = (page, [role, name]) => page.getByRole(role, { name, exact: true });

/** Goes there as its owner, who finds each of the acts: their names are right. */
async function finds(page, { path, open, acts }) {
  await page.goto(path);
  await open?.(page);
  for (const one of acts) await act(page, one).first().waitFor();
}

/** Goes there as somebody else and tells which of the acts are offered. */
async function offered(page, { path, shown, open, acts }) {
  await page.goto(path);
  await shown(page).waitFor();
  await open?.(page);
  if (open) await page.getByRole("menu").waitFor();
  const found = [];
  for (const one of acts) if (await act(page, one).count()) found.push(`${path}: ${one[1]}`);
  return found;
}

test("a superuser makes a manager, who reads everything and finds no button that changes it", async () => {
  const owner = await person(browser);
  const things = await somethingOf(owner.api);
  const email = someEmail("manager");
  await call("POST", "/auth/register", {
    email,
    password: PASSWORD,
    locale: "en",
    timezone: "Europe/Moscow",
  });

  const root = await superuser(browser, "/dashboard");
  await root.page.getByRole("link", { name: en.nav.users, exact: true }).click();
  await root.page.getByRole("searchbox", { name: en.users.search }).fill(email);
  await root.page.waitForURL(/\?q=/);
  await root.page.getByRole("link", { name: email }).click();
  const panel = root.page.getByRole("dialog");
  await panel.getByRole("switch", { name: en.users.staff }).check({ force: true });
  await panel.getByRole("checkbox", { name: "manager", exact: true }).check();
  await inspect(root.page, "journey-makes-a-manager");
  await panel.getByRole("button", { name: en.users.save, exact: true }).click();
  await root.page.getByText(`The rights of ${email} are saved and count at once`).waitFor();

  const manager = await person(browser, { email });
  const { page } = manager;
  await page.getByRole("link", { name: en.nav.users, exact: true }).waitFor();

  // Each list from the navigation, by its filter: what is somebody else's stands there with its owner.
  for (const [section, row] of [
    [en.nav.clients, things.client.email],
    [en.nav.messages, "Good day"],
    [en.nav.mailings, "Slow news"],
    [en.nav.reports, "Slow news"],
  ]) {
    await page.getByRole("navigation").getByRole("link", { name: section, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: section, exact: true }).waitFor();
    assert.equal(await page.getByRole("row", { name: owner.email }).count(), 0, section);
    await page.getByRole("combobox", { name: en.ui.owner.label }).selectOption("all");
    await page.getByRole("columnheader", { name: en.ui.owner.label }).waitFor();
    await page.getByRole("row", { name: owner.email }).filter({ hasText: row }).first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("owner"), "all");
  }
  await inspect(page, "journey-manager-reports");

  const found = [];
  for (const look of looks(things)) {
    await finds((look.admin ? root : owner).page, look);
    found.push(...(await offered(page, look)));
  }
  assert.deepEqual(found, [], "what a manager is offered");

  await page.goto(`/mailings/${things.draft.id}/edit`);
  await page.getByText(en.mailingForm.locked.foreign).waitFor();
  await inspect(page, "journey-manager-locked");
  for (const path of ["groups", "transports", "audit", "system"]) {
    await page.goto(`/admin/${path}`);
    await page.getByRole("heading", { level: 1, name: en.ui.forbidden.title }).waitFor();
  }
  await page.goto(`/messages/${things.message.id}`);
  for (const label of [en.messages.name, en.messages.subject])
    assert.equal(await page.getByRole("textbox", { name: label, exact: true }).isEditable(), false, label);

  // The right goes, and with the next request the manager is one of all users.
  await page.goto("/admin/users");
  await page.getByRole("link", { name: owner.email }).waitFor();
  await root.page.goto(`/admin/users?q=${email}`);
  await root.page.getByRole("link", { name: email }).click();
  await panel.getByRole("switch", { name: en.users.staff }).uncheck({ force: true });
  await panel.getByText(en.users.groupsSleep).waitFor();
  await panel.getByRole("button", { name: en.users.save, exact: true }).click();
  await root.page.getByText(`The rights of ${email} are saved and count at once`).waitFor();
  await page.getByRole("searchbox", { name: en.users.search }).fill("nobody");
  await page.getByRole("alert").first().waitFor();
  await page.getByRole("link", { name: en.nav.users, exact: true }).waitFor({ state: "detached" });
  await page.getByRole("navigation").getByRole("link", { name: en.nav.clients, exact: true }).click();
  await page.getByRole("heading", { name: en.clients.empty.title }).waitFor();
  assert.equal(await page.getByRole("combobox", { name: en.ui.owner.label }).count(), 0);
  await page.goto(`/mailings/${things.running.id}`);
  await page.getByRole("heading", { level: 1, name: en.notFound.title }).waitFor();
  await page.goto("/admin/users");
  await page.getByRole("heading", { level: 1, name: en.ui.forbidden.title }).waitFor();
  for (const one of [owner, root, manager]) await one.close();
});
