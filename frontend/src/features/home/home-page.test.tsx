import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { chooseLanguage } from "@/i18n";
import { visit, visitSignedIn } from "@/test/app";
import { at, problem, server } from "@/test/server";

test("shows what goes on at this installation and the two ways in", async () => {
  server.use(
    http.get(at("/public/home"), () =>
      HttpResponse.json({ mailings: 1234, active_mailings: 5, clients: 1_000_000 }),
    ),
  );
  visit("/");
  expect(await screen.findByText("1,234")).toBeInTheDocument();
  expect(screen.getByText("1,000,000")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Create an account" })).toHaveAttribute("href", "/register");
  expect(screen.getAllByRole("link", { name: "Sign in" })[0]).toHaveAttribute("href", "/sign-in");
  expect(document.title).toBe("Every recipient of every mailing accounted for · Postrider");
});

test("says so when there are no figures", async () => {
  server.use(http.get(at("/public/home"), () => problem(503)));
  visit("/");
  expect(await screen.findByText("The figures cannot be had at the moment.")).toBeInTheDocument();
});

test("speaks Russian when asked to, and keeps to it", async () => {
  const { user } = visit("/");
  await user.click(await screen.findByRole("button", { name: "Language" }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Русский" }));
  await screen.findByRole("heading", { level: 1, name: "Каждый получатель каждой рассылки учтён" });
  expect(document.documentElement.lang).toBe("ru");
  expect(localStorage.getItem("postrider.language")).toBe("ru");
  await chooseLanguage("en");
});

test("leads those who are signed in to their dashboard", async () => {
  await visitSignedIn("/");
  expect(await screen.findByRole("link", { name: "Open your dashboard" })).toHaveAttribute(
    "href",
    "/dashboard",
  );
});

test("a page that does not exist says so", async () => {
  visit("/no/such/page");
  await screen.findByRole("heading", { name: "There is no such page" });
});
