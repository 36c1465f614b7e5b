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
  return { people, passwords, clients, message, mailing: sent, running };
}
