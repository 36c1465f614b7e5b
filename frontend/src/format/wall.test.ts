import { expect, test, vi } from "vitest";
import { clockNote, instantOf, wallOf, zoneName } from "./wall";

test.each([
  ["2026-12-01", "09:00", "Europe/Moscow", "2026-12-01T09:00:00+03:00"],
  ["2026-07-01", "09:00", "America/New_York", "2026-07-01T09:00:00-04:00"],
  ["2026-12-01", "09:00", "Asia/Kolkata", "2026-12-01T09:00:00+05:30"],
  ["2026-12-01", "09:00", "UTC", "2026-12-01T09:00:00+00:00"],
])("%s %s in %s is %s, and back", (date, time, zone, instant) => {
  expect(instantOf({ date, time }, zone)).toBe(instant);
  expect(wallOf(instant, zone)).toEqual({ date, time });
});

test("a time that the clocks skip is as long after the change, one they show twice is the first", () => {
  // Berlin: 02:00 → 03:00 on 28 March 2027, 03:00 → 02:00 on 31 October 2027.
  const skipped = instantOf({ date: "2027-03-28", time: "02:30" }, "Europe/Berlin") ?? "";
  expect(wallOf(skipped, "Europe/Berlin")).toEqual({ date: "2027-03-28", time: "03:30" });
  expect(instantOf({ date: "2027-10-31", time: "02:30" }, "Europe/Berlin")).toBe("2027-10-31T02:30:00+02:00");
});

test.each([
  ["2027-03-28", "02:30", "gap"],
  ["2027-10-31", "02:30", "fold"],
  ["2027-03-28", "03:00", null],
  ["2027-10-31", "01:59", null],
  ["2027-10-31", "03:00", null],
  ["2027-10-30", "12:00", null],
  ["", "02:30", null],
])("what is unusual about %s %s in Berlin: %s", (date, time, note) => {
  expect(clockNote({ date, time }, "Europe/Berlin")).toBe(note);
});

test("what is not given whole is no instant", () => {
  expect(instantOf({ date: "2026-12-01", time: "" }, "UTC")).toBeNull();
  expect(instantOf({ date: "", time: "09:00" }, "UTC")).toBeNull();
  expect(instantOf({ date: "", time: "" }, "UTC")).toBeNull();
});

test("a zone is called as people call it", () => {
  expect(zoneName("Europe/Moscow", "en")).toBe("Moscow");
  expect(zoneName("Europe/Moscow", "ru")).toBe("Москва");
  // In English the browser knows it as CET, which the summer's time is not.
  expect(zoneName("Europe/Berlin", "en")).toBe("Berlin");
  expect(zoneName("UTC", "ru")).toBe("UTC");
});

test.each([
  ["Moscow", "Москва, стандартное время", "Москва"],
  ["New York", "Восточная Америка", "Восточная Америка"],
  ["Yekaterinburg", "Yekaterinburg", "Asia/Yekaterinburg"],
])("a zone that the browser calls %s and %s in Russian is called %s", (city, long, want) => {
  vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts").mockImplementation(function (
    this: Intl.DateTimeFormat,
  ) {
    const { timeZoneName } = this.resolvedOptions();
    return [{ type: "timeZoneName", value: timeZoneName === "longGeneric" ? long : city }];
  });
  expect(zoneName("Asia/Yekaterinburg", "ru")).toBe(want);
});
