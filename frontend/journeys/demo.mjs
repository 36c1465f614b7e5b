// People with something to look at, made by the API on an empty installation.
import { apiAs, call } from "./browser.mjs";

export const PASSWORD = "quiet-harbour-lantern-42";

const NAMES = [
  "Анна Каренина",
  "Пётр Безухов",
  "Elizabeth Bennet",
  "Родион Раскольников",
  "Jane Eyre",
  "Наташа Ростова",
  "Oliver Twist",
  "Константин Константинович Константинопольский-Заокский",
];
const TAGS = [["vip", "москва"], ["new"], ["regular"], [], ["newsletter", "spring-2026", "regular"]];
const LETTER = `<h1>News of the month</h1>
<p>Hello, {{ client.full_name }}! In <strong>{{ client.attributes.city }}</strong> we have opened a new shop:</p>
<ul><li>tea and coffee</li><li>books</li></ul>
<p><img src="https://example.com/shop.png" alt="Our new shop" width="280" style="max-width:100%"></p>
<p><a href="https://example.com/shop" style="display:inline-block;padding:12px 24px;border-radius:8px;background:#3b5bdb;color:#ffffff;text-decoration:none">Come and see</a></p>
<hr>
<p>Write to us at <a href="mailto:{{ sender.email }}">{{ sender.email }}</a>.</p>`;
const TEMPLATE = `<!doctype html>
<html><head><style>.lead { color: #364fc7 }</style></head>
<body style="margin:0">
<table width="100%" bgcolor="#f1f3f5"><tr><td align="center">
  <table width="600" bgcolor="#ffffff" cellpadding="24"><tr><td>
    <h1 class="lead">Everything must go</h1>
    <p>{{ client.full_name }}, <a href="www.example.com">look at it</a>: {{ client.attributes.size }}</p>
    <img src="https://example.com/sale.png" width="552" height="120">
    {% if client.attributes.vip %}<p>For you it is another 10 % less.</p>{% endif %}
  </td></tr></table>
</td></tr></table>
</body></html>`;
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

/** Makes a user with clients, a message and mailings, a manager and a superuser. Answers who they are and what is theirs. */
export async function demo() {
  const people = { superuser: process.env.POSTRIDER_ADMIN_EMAIL };
  const passwords = { superuser: process.env.POSTRIDER_ADMIN_PASSWORD };
  for (const who of ["user", "manager"]) {
    people[who] = `${who}@example.com`;
    passwords[who] = PASSWORD;
    await call("POST", "/auth/register", {
      email: people[who],
      password: PASSWORD,
      full_name: who === "user" ? "Анна Демидова" : "Max Manager",
      locale: "en",
      timezone: "Europe/Moscow",
    });
  }
  const root = await apiAs(people.superuser, passwords.superuser);
  const groups = (await root("GET", "/groups")).items;
  if (!groups.some(({ name }) => name === "manager")) {
    const permissions = ["clients", "messages", "mailings", "reports", "users"].map(
      (noun) => `${noun}.view_all`,
    );
    await root("POST", "/groups", { name: "manager", permissions });
  }
  const manager = (await root("GET", "/users?limit=200")).items.find(({ email }) => email === people.manager);
  await root("PATCH", `/users/${manager.id}`, { is_staff: true, groups: ["manager"] });

  const api = await apiAs(people.user, PASSWORD);
  const clients = [];
  for (let n = 0; n < 70; n++) {
    clients.push(
      await api("POST", "/clients", {
        email: `client${String(n + 1).padStart(3, "0")}@${n % 11 === 3 ? "a-rather-long-domain-name-of-a-provider.example" : "example.org"}`,
        full_name: NAMES[n % NAMES.length],
        comment: n % 6 === 0 ? "Called in May, prefers letters in the morning." : "",
        tags: TAGS[n % TAGS.length],
        attributes: n % 2 ? { city: "Псков", orders: n, vip: n % 4 === 1 } : {},
        locale: n % 3 ? "ru" : "en",
        timezone: n % 5 ? "" : "Asia/Novosibirsk",
      }),
    );
  }
  for (const [n, reason] of ["unsubscribed", "bounced", "complained", "blocked"].entries())
    await api("POST", "/suppressions", {
      email: clients.at(-2 - n).email,
      reason,
      note: n % 2 ? "by phone" : "",
    });
  const message = await api("POST", "/messages", {
    name: "Spring fair",
    subject: "{{ client.full_name }}, come to the fair",
    html: '<h1>Hello, {{ client.full_name }}!</h1><p>We look forward to you. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
  });
  const letter = await api("POST", "/messages", {
    name: "Letter of the month",
    subject: '{{ client.full_name | default: "Dear friend" }}, news of the month',
    html: LETTER,
  });
  const template = await api("POST", "/messages", {
    name: "Bought template",
    subject: "Everything must go",
    html: TEMPLATE,
    text: "Everything must go. {{ unsubscribe_url }}",
  });
  const mailing = (more) =>
    api("POST", "/mailings", {
      message_id: message.id,
      audience: { tags: ["vip", "regular"] },
      timezone: "Europe/Moscow",
      ...more,
    });
  const sent = await mailing({ name: "Letter of today" });
  await mailing({ name: "Spring news for the clients of the school", draft: true });
  await mailing({ name: "Tomorrow letter", start_at: inDays(1) });
  const running = await mailing({ name: "Slow letter that is being sent", rate_per_minute: 2 });
  for (let tries = 0; ; tries++) {
    const { status } = await api("GET", `/mailings/${sent.id}`);
    if (status === "finished") break;
    if (tries > 120) throw new Error(`the mailing of the demo data is still ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const report = (await api("GET", `/mailings/${sent.id}`)).last_run_id;
  return { people, passwords, clients, message, letter, template, mailing: sent, running, report };
}
