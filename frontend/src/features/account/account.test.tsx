import { screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, test } from "vitest";
import { session } from "@/auth/session";
import { visit } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";
import { passwordStrength } from "./validation";

const email = () => screen.findByLabelText("E-mail");
const password = () => screen.findByLabelText("Password");

describe("sign-in", () => {
  async function signIn(path = "/sign-in") {
    const shown = visit(path);
    await shown.user.type(await email(), "anna@example.com");
    await shown.user.type(await password(), "correct horse");
    await shown.user.click(screen.getByRole("button", { name: "Sign in" }));
    return shown;
  }

  test("leads back to the page that was asked for", async () => {
    const { router } = await signIn("/sign-in?return_to=%2Fmailings%3Fstatus%3Ddraft");
    await screen.findByRole("heading", { name: "Mailings" });
    expect(router.state.location.href).toBe("/mailings?status=draft");
  });

  test("a wrong password is said in words and nothing typed is lost", async () => {
    server.use(http.post(at("/auth/login"), () => problem(401)));
    await signIn();
    expect(await screen.findByRole("alert")).toHaveTextContent("The e-mail or the password is wrong.");
    expect(await email()).toHaveValue("anna@example.com");
    expect(await password()).toHaveValue("correct horse");
  });

  test("too many tries say how long to wait", async () => {
    server.use(
      http.post(
        at("/auth/login"),
        () => new HttpResponse(null, { status: 429, headers: { "Retry-After": "1" } }),
      ),
    );
    await signIn();
    expect(await screen.findByRole("alert")).toHaveTextContent("Try again in 1 second.");
  });

  test("empty fields are named before anything is sent", async () => {
    const { user } = visit("/sign-in");
    await email();
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await email()).toHaveAccessibleDescription("Please fill this in.");
    expect(await email()).toHaveFocus();
    expect(await password()).toBeInvalid();
  });
});

describe("registration", () => {
  async function register(secret = "correct horse battery") {
    const shown = visit("/register");
    await shown.user.type(await email(), " anna@example.com ");
    await shown.user.type(await screen.findByLabelText("Your name"), "Anna");
    await shown.user.type(await password(), secret);
    await shown.user.click(screen.getByRole("button", { name: "Create the account" }));
    return shown;
  }

  test("makes the account in the language and zone of the browser and lands signed in", async () => {
    let sent: unknown;
    server.use(
      http.post(at("/auth/register"), async ({ request }) => {
        sent = await request.json();
        return HttpResponse.json(anna, { status: 201 });
      }),
    );
    await register();
    await screen.findByRole("heading", { name: "Dashboard" });
    expect(sent).toEqual({
      email: "anna@example.com",
      full_name: "Anna",
      password: "correct horse battery",
      locale: "en",
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    expect(session.token).toBe("first");
  });

  test("what the server finds wrong stands at its fields", async () => {
    const errors = [
      { field: "password", code: "common", message: "Too many people use this password." },
      { field: "email", code: "email", message: "This is no address." },
    ];
    server.use(
      http.post(at("/auth/register"), () => problem(422, { detail: "Two fields are wrong.", errors })),
    );
    await register();
    await waitFor(async () => expect(await email()).toHaveAccessibleDescription("This is no address."));
    expect(await password()).toHaveAccessibleDescription(/Too many people use this password\./);
    expect(await email()).toHaveFocus();
    expect(await password()).toHaveValue("correct horse battery");
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });

  test("a wrong field that the form does not show is not swallowed", async () => {
    const errors = [{ field: "timezone", code: "unknown", message: "Unknown zone." }];
    server.use(
      http.post(at("/auth/register"), () => problem(422, { detail: "The zone is unknown.", errors })),
    );
    await register();
    expect(await screen.findByRole("alert")).toHaveTextContent("The zone is unknown.");
  });

  test("an address that is taken is said at the address", async () => {
    server.use(http.post(at("/auth/register"), () => problem(409, { detail: "Conflict." })));
    await register();
    await waitFor(async () =>
      expect(await email()).toHaveAccessibleDescription(
        "This address is registered already. Sign in instead.",
      ),
    );
  });

  test("an address to be confirmed says where to look", async () => {
    server.use(
      http.post(at("/auth/register"), () =>
        HttpResponse.json({ email: "anna@example.com" }, { status: 202 }),
      ),
    );
    await register();
    await screen.findByText(/A mail is on its way to anna@example\.com\./);
    expect(session.token).toBeNull();
  });

  test("no answer is said in words", async () => {
    server.use(http.post(at("/auth/register"), () => HttpResponse.error()));
    await register();
    expect(await screen.findByRole("alert")).toHaveTextContent("There is no answer from the server.");
  });

  test("slips of the hand cost no request", async () => {
    await register("short");
    expect(await password()).toHaveAccessibleDescription(/^At least 8 characters\. At least/);
    expect(screen.getByText("Too short")).toBeInTheDocument();
  });
});

test.each([
  ["1234567", "short"],
  ["aaaaaaaaaaaaaaaaaaaaaa", "weak"],
  ["lantern1", "weak"],
  ["Lantern-42", "fair"],
  ["тихая гавань фонарь", "good"],
  ["quiet-harbour-lantern-42", "good"],
])("the password %s is %s", (text, strength) => {
  expect(passwordStrength(text)).toBe(strength);
});
