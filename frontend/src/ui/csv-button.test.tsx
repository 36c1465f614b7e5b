import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { session } from "@/auth/session";
import { show } from "@/test/app";
import { at, server } from "@/test/server";
import { CsvButton } from "./csv-button";

test("the browser saves the list with its filter from a link for one use", async () => {
  let body: unknown;
  server.use(
    http.post(at("/downloads"), async ({ request }) => {
      body = await request.json();
      return HttpResponse.json(
        { url: "/api/v1/downloads/secret", expires_at: "2026-12-01T07:01:05Z" },
        { status: 201 },
      );
    }),
  );
  const followed: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    // Without it an error would take the place of the page.
    expect(this.hasAttribute("download")).toBe(true);
    followed.push(new URL(this.href).pathname);
  });
  await session.signIn("anna@example.com", "correct horse battery");
  await show(<CsvButton path="/clients" query={{ tag: "a&b", q: "ан" }} />);
  await userEvent.click(screen.getByRole("button", { name: "CSV" }));
  await waitFor(() => expect(followed).toEqual(["/api/v1/downloads/secret"]));
  expect(body).toEqual({ path: "/clients?tag=a%26b&q=%D0%B0%D0%BD" });
});
