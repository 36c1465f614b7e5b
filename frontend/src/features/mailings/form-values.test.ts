import { expect, test } from "vitest";
import { aMailing } from "@/test/server";
import { bodyOf, cronOf, differenceOf, newValues, valuesOf } from "./form-values";

const weekly = aMailing({
  start_at: "2026-12-01T09:00:10+03:00",
  repeat: {
    every: "week",
    interval: 2,
    weekdays: [1, 5],
    month_day: null,
    cron: null,
    until: "2027-03-01T23:59:00+03:00",
    times: null,
  },
});

test("what is saved goes through the form unchanged", () => {
  const { repeat, start_at, end_at, window, audience } = bodyOf(valuesOf(weekly));
  expect(repeat).toEqual({
    every: "week",
    interval: 2,
    weekdays: [1, 5],
    until: "2027-03-01T23:59:00+03:00",
  });
  expect({ start_at, end_at, window }).toEqual({
    start_at: "2026-12-01T09:00:00+03:00",
    end_at: null,
    window: null,
  });
  expect(audience).toEqual(weekly.audience);
});

test("a change names what was changed alone, not a start whose seconds the form does not show", () => {
  const before = valuesOf(weekly);
  expect(differenceOf(before, { ...before, name: "Monthly letter" })).toEqual({ name: "Monthly letter" });
  expect(differenceOf(before, { ...before, when: "now" })).toMatchObject({ start_at: null, repeat: null });
});

test("an audience of all names nobody beside it", () => {
  const values = newValues("UTC");
  const audience = { ...values.audience, all: true, tags: ["vip"], client_ids: [1], exclude_tags: ["new"] };
  expect(bodyOf({ ...values, audience }).audience).toMatchObject({
    all: true,
    tags: [],
    client_ids: [],
    exclude_tags: ["new"],
  });
});

test("fields become the cron line that says the same, where one can", () => {
  const values = { ...newValues("UTC"), start_at: { date: "2026-12-01", time: "09:05" } };
  const line = (repeat: Partial<typeof values.repeat>) =>
    cronOf({ ...values, repeat: { ...values.repeat, ...repeat } });
  expect(line({ every: "day" })).toBe("5 9 * * *");
  expect(line({ every: "week", weekdays: [1, 7] })).toBe("5 9 * * 0,1");
  expect(line({ every: "month", month_day: 15 })).toBe("5 9 15 * *");
  expect(line({ every: "month", month_day: 31 })).toBeNull();
  expect(line({ every: "week", interval: 2 })).toBeNull();
});
