import { expect, test } from "vitest";
import { startOfDay } from "./day";

test.each([
  ["2026-12-01", "Europe/Moscow", 0, "2026-11-30T21:00:00.000Z"],
  ["2026-12-01", "Europe/Moscow", 1, "2026-12-01T21:00:00.000Z"],
  ["2026-03-29", "Europe/Berlin", 0, "2026-03-28T23:00:00.000Z"],
  ["2026-03-29", "Europe/Berlin", 1, "2026-03-29T22:00:00.000Z"],
  ["2026-10-25", "Europe/Berlin", 1, "2026-10-25T23:00:00.000Z"],
  ["2026-11-23", "Pacific/Kiritimati", 0, "2026-11-22T10:00:00.000Z"],
  ["2026-11-23", "America/Los_Angeles", 0, "2026-11-23T08:00:00.000Z"],
  // Cairo's clocks jump from midnight to one.
  ["2026-04-24", "Africa/Cairo", 0, "2026-04-23T22:00:00.000Z"],
])("%s in %s, %d days on, begins at %s", (day, zone, plus, want) => {
  expect(startOfDay(day, zone, plus)).toBe(want);
});
