import { expect, test } from "vitest";
import { zones } from "@/format/zones";
import { findZones } from "./zone-filter";

const found = (search: string) =>
  findZones({ options: zones().map((value) => ({ value, label: value })), search, limit: 100 }).map(
    (option) => (option as { value: string }).value,
  );

test.each([
  ["new york", /^America\/New_York$/],
  ["Москва", /^Europe\/Moscow$/],
  ["kolkata", /^Asia\/(Calcutta|Kolkata)$/],
  ["Asia/Calcutta", /^Asia\/(Calcutta|Kolkata)$/],
  ["europe/kyiv", /^Europe\/(Kiev|Kyiv)$/],
])("a zone is found by another name: %s", (name, zone) => {
  expect(found(name)).toContainEqual(expect.stringMatching(zone));
});

test("what no zone is called finds none", () => {
  expect(found("nowhere at all")).toEqual([]);
  expect(found("")).toHaveLength(100);
});
