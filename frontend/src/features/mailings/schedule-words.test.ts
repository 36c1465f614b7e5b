import i18next from "i18next";
import { expect, test } from "vitest";
import type { Repeat } from "@/api/types";
import { chooseLanguage, type Language } from "@/i18n";
import { beforeStop, scheduleWords } from "./schedule-words";

const now = () => Date.parse("2026-11-23T12:00:00Z");
const started = "2026-11-02T09:00:00+03:00";

type Rule = Partial<Repeat> & Pick<Repeat, "every">;

async function words(language: Language, repeat: Rule | null, start_at: string | null = started) {
  await chooseLanguage(language);
  return scheduleWords(
    i18next.t,
    language,
    { start_at, timezone: "Europe/Moscow", repeat: repeat && { interval: 1, ...repeat } },
    now,
  );
}

test.each<[Rule, string, string]>([
  [
    { every: "week", interval: 2, weekdays: [5, 1], until: "2027-03-01T20:59:59Z" },
    "every 2 weeks on Mon and Fri at 09:00, Moscow, until 1 Mar 2027",
    "каждые 2 недели по понедельникам и пятницам в 09:00, Москва, по 1 мар. 2027 г.",
  ],
  [
    { every: "week", weekdays: [1, 2, 3, 4, 5] },
    "every week on weekdays at 09:00, Moscow",
    "каждую неделю по будням в 09:00, Москва",
  ],
  [{ every: "week" }, "every week on Mon at 09:00, Moscow", "каждую неделю по понедельникам в 09:00, Москва"],
  [
    { every: "day", interval: 5, times: 21 },
    "every 5 days at 09:00, Moscow, 21 times in all",
    "каждые 5 дней в 09:00, Москва, всего 21 раз",
  ],
  [
    { every: "day", interval: 21, times: 3 },
    "every 21 days at 09:00, Moscow, 3 times in all",
    "каждый 21 день в 09:00, Москва, всего 3 раза",
  ],
  [
    { every: "month", interval: 3, month_day: 31 },
    "every 3 months on day 31 or the last one at 09:00, Moscow",
    "каждые 3 месяца 31-го числа или в последний день в 09:00, Москва",
  ],
  [{ every: "month" }, "every month on day 2 at 09:00, Moscow", "каждый месяц 2-го числа в 09:00, Москва"],
  [
    { every: "cron", cron: "0 9 * * 1" },
    "by the cron line “0 9 * * 1”, Moscow",
    "по строке cron «0 9 * * 1», Москва",
  ],
])("%j", async (repeat, english, russian) => {
  expect(await words("en", repeat)).toBe(english);
  expect(await words("ru", repeat)).toBe(russian);
});

test("what happens once says when", async () => {
  expect(await words("en", null, "2026-11-24T09:00:00+03:00")).toBe("once, tomorrow, 09:00, Moscow");
  expect(await words("ru", null, null)).toBe("сразу, как только вы её запустите");
});

test("what begins later says from when", async () => {
  expect(await words("en", { every: "day" }, "2026-12-01T09:00:00+03:00")).toBe(
    "every day at 09:00, Moscow, from 1 Dec 2026",
  );
});

test("a sentence ends in one full stop", async () => {
  const until = { every: "day" as const, until: "2027-03-01T20:59:59Z" };
  expect(`${beforeStop(await words("ru", until))}.`).toMatch(/2027 г\.$/);
  expect(beforeStop(await words("en", { every: "day" }))).toBe("every day at 09:00, Moscow");
});
