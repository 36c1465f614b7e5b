import { expect, test } from "vitest";
import { createFormat } from "./format";

const noon = () => Date.parse("2026-11-23T12:00:00Z");

test("a date is the person's, not the server's", () => {
  const at = "2026-12-01T22:30:00Z";
  expect(createFormat("en", "Europe/Moscow", noon).dateTime(at)).toBe("2 Dec 2026, 01:30");
  expect(createFormat("en", "America/New_York", noon).dateTime(at)).toBe("1 Dec 2026, 17:30");
  expect(createFormat("ru", "Europe/Moscow", noon).dateTime(at)).toBe("2 дек. 2026 г., 01:30");
});

test("today and tomorrow are those of the person's zone", () => {
  const at = "2026-11-23T21:30:00Z";
  expect(createFormat("en", "UTC", noon).dateTime(at)).toBe("today, 21:30");
  expect(createFormat("en", "Europe/Moscow", noon).dateTime(at)).toBe("tomorrow, 00:30");
  expect(createFormat("ru", "Europe/Moscow", noon).dateTime(at)).toBe("завтра, 00:30");
  expect(createFormat("ru", "Europe/Moscow", noon).dateTime("2026-11-22T10:00:00Z")).toBe("вчера, 13:00");
});

test("a day is a day though its clocks are changed", () => {
  const before = () => Date.parse("2027-03-27T22:30:00Z"); // 23:30 in Berlin, the night of 23 hours
  expect(createFormat("en", "Europe/Berlin", before).dateTime("2027-03-28T21:30:00Z")).toBe(
    "tomorrow, 23:30",
  );
});

test("what follows each other within a minute has its seconds", () => {
  const format = createFormat("en", "Europe/Moscow", noon);
  expect(format.time("2026-12-01T06:00:05Z")).toBe("09:00");
  expect(format.exactTime("2026-12-01T06:00:05Z")).toBe("09:00:05");
});

test("the full form names the zone", () => {
  expect(createFormat("en", "Europe/Moscow", noon).fullDateTime("2026-12-01T06:00:00Z")).toMatch(
    /^Tuesday,? 1 December 2026 at 09:00 (GMT\+3|MSK)$/,
  );
});

test("numbers are grouped as the language does it", () => {
  expect(createFormat("en", "UTC").number(1234567)).toBe("1,234,567");
  expect(createFormat("ru", "UTC").number(1234567)).toBe("1\u00a0234\u00a0567");
});

test("a zone that this browser does not know falls back to the browser's", () => {
  expect(createFormat("en", "Mars/Olympus").zone).toBe(createFormat("en", undefined).zone);
});

test.each([
  [995, 1000, "99.5%"],
  [10, 1000, "1.0%"],
  [1000, 1000, "100.0%"],
  [1, 1_000_000, "< 0.1%"],
  [999_999, 1_000_000, "> 99.9%"],
  [0, 1000, ""],
  [0, 0, ""],
])("the share of %d in %d is %s, with the decimals of all shares", (part, whole, want) => {
  expect(createFormat("en", "UTC").share(part, whole)).toBe(want);
});
