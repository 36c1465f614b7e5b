import { expect, test } from "vitest";
import { returnPath, START_PATH } from "./return-path";

test("a path of this interface is kept with its query", () => {
  expect(returnPath("/mailings?status=draft#top")).toBe("/mailings?status=draft#top");
});

test.each([
  undefined,
  42,
  "",
  "mailings",
  "https://evil.example/mailings",
  "//evil.example/mailings",
  "/\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "javascript:alert(1)",
  "/",
  "/sign-in?return_to=/sign-in",
  "/register",
  "/api/v1/me",
  "/u/token",
  "/swagger/",
  "/mailings/../api/v1/me",
])("%j means the start page", (wanted) => {
  expect(returnPath(wanted)).toBe(START_PATH);
});
