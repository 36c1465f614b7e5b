import { act, screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, test } from "vitest";
import { visit } from "@/test/app";
import { at, problem, server } from "@/test/server";

const expired = () =>
  problem(422, { errors: [{ field: "token", code: "expired", message: "The link is too old." }] });

/** Answers a call and remembers the bodies it came with. */
function answer(path: string, respond: () => Response) {
  const bodies: unknown[] = [];
  server.use(
    http.post(at(path), async ({ request }) => {
      bodies.push(await request.json());
      return respond();
    }),
  );
  return bodies;
}

const email = (status: number) => () => HttpResponse.json({ email: "anna@example.com" }, { status });

describe("a forgotten password", () => {
  test("asks for a mail, says nothing of whether there is an account, and has it sent again", async () => {
    const sent = answer("/auth/password/forgot", email(202));
    const { user } = visit("/sign-in");
    await user.click(await screen.findByRole("link", { name: "Forgot the password?" }));
    await screen.findByRole("heading", { name: "Forgotten password" }); // the page before has such a field too
    await user.type(screen.getByLabelText("E-mail"), " anna@example.com ");
    await user.click(screen.getByRole("button", { name: "Send the link" }));
    await screen.findByText(/If there is an account with anna@example\.com/);
    await user.click(screen.getByRole("button", { name: "Send the mail again" }));
    await screen.findByText("The mail was sent again.");
    expect(sent).toEqual([{ email: "anna@example.com" }, { email: "anna@example.com" }]);
  });
});

describe("the link about a forgotten password", () => {
  test("sets the password, leaves no token in the address, and leads to signing in", async () => {
    const sent = answer("/auth/password/reset", email(200));
    const { user, router } = visit("/reset?token=abc-1");
    await user.type(await screen.findByLabelText("New password"), "correct horse battery");
    expect(router.state.location.href).toBe("/reset");
    await user.click(screen.getByRole("button", { name: "Set the password" }));
    await screen.findByRole("heading", { name: "The password is set" });
    await user.click(within(screen.getByRole("main")).getByRole("link", { name: "Sign in" }));
    expect(await screen.findByLabelText("E-mail")).toHaveValue("anna@example.com");
    expect(sent).toEqual([{ token: "abc-1", password: "correct horse battery" }]);
  });

  test("that is dead leads to a new one", async () => {
    answer("/auth/password/reset", expired);
    const { user } = visit("/reset?token=abc-1");
    await user.type(await screen.findByLabelText("New password"), "correct horse battery");
    await user.click(screen.getByRole("button", { name: "Set the password" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("too old");
    await user.click(screen.getByRole("link", { name: "Ask for a new link" }));
    await screen.findByRole("heading", { name: "Forgotten password" });
  });
});

describe("the link about a registration", () => {
  test("waits for a click, as programs open links too", async () => {
    const sent = answer("/auth/confirm", email(200));
    visit("/confirm?token=abc-1");
    const button = await screen.findByRole("button", { name: "Confirm the address" });
    expect(sent).toEqual([]);
    // Twice at once: the link is good for one time.
    await act(async () => {
      button.click();
      button.click();
    });
    await screen.findByRole("heading", { name: "The address is confirmed" });
    expect(sent).toEqual([{ token: "abc-1" }]);
  });

  test("of an address with several registrations says that a password is chosen by a mail", async () => {
    answer("/auth/confirm", () => HttpResponse.json({ email: "anna@example.com", choose_password: true }));
    const { user } = visit("/confirm?token=abc-1");
    await user.click(await screen.findByRole("button", { name: "Confirm the address" }));
    await screen.findByText(/registered with anna@example\.com more than once.*new mail/);
    expect(screen.queryByText(/the password that you chose/)).toBeNull();
    await user.click(screen.getByRole("link", { name: "Ask for a new link" }));
    await screen.findByRole("heading", { name: "Forgotten password" });
  });

  test("without its token, or used, says what to do", async () => {
    visit("/confirm");
    expect(await screen.findByRole("alert")).toHaveTextContent("just sign in");
    expect(screen.getByRole("link", { name: "Register again" })).toBeVisible();
  });
});
