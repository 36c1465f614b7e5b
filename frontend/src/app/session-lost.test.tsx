import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { api } from "@/api/client";
import { me } from "@/api/queries/me";
import { session } from "@/auth/session";
import { visitSignedIn } from "@/test/app";
import { aMailing, anna, at, problem, server, tokens } from "@/test/server";

async function losing() {
  server.use(http.get(at("/mailings"), () => HttpResponse.json({ items: [aMailing()], next_cursor: null })));
  const shown = await visitSignedIn("/mailings?status=draft");
  await screen.findByText("Weekly letter");
  server.use(http.get(at("/clients"), () => problem(401)));
  await api.GET("/clients").catch(() => {});
  await screen.findByRole("dialog", { name: "Your session has ended" });
  return shown;
}

test("a lost session asks for the password over the page, which stays as it is", async () => {
  const { user, router } = await losing();
  expect(screen.getByText("Weekly letter")).toBeInTheDocument();
  server.use(http.post(at("/auth/login"), () => problem(401), { once: true }));
  const password = screen.getByLabelText("Password");
  await user.type(password, "wrong{Enter}");
  await screen.findByText("The e-mail or the password is wrong.");
  server.use(http.post(at("/auth/login"), () => HttpResponse.json(tokens("second"))));
  await user.type(password, "{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(router.state.location.href).toBe("/mailings?status=draft");
  expect(screen.getByText("Weekly letter")).toBeInTheDocument();
});

test("a session that is lost again while it is asked who signed in keeps its question", async () => {
  await losing();
  let asked = 0;
  server.use(
    http.post(at("/auth/refresh"), () => (asked === 0 ? HttpResponse.json(tokens("second")) : problem(401))),
    http.get(at("/me"), () => {
      asked++;
      return problem(401);
    }),
  );
  localStorage.setItem("postrider.signed-in", "1");
  fireEvent(window, new StorageEvent("storage", { key: "postrider.signed-in", newValue: "1" }));
  await waitFor(() => expect(asked).toBeGreaterThan(0));
  await waitFor(() => expect(session.expected).toBe(false));
  // Long enough for the answer of the question to be dealt with.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(screen.getByRole("dialog", { name: "Your session has ended" })).toBeInTheDocument();
});

test("who does not want to sign in again is led to sign-in, and the way back is kept", async () => {
  const { user, router } = await losing();
  await user.click(screen.getByRole("button", { name: "Leave this page" }));
  await screen.findByRole("heading", { name: "Sign in" });
  expect(router.state.location.search).toEqual({ return_to: "/mailings?status=draft" });
});

test("of who was there nothing stays when somebody else signs in in another tab", async () => {
  server.use(http.get(at("/mailings/7"), () => HttpResponse.json(aMailing({ id: 7, name: "Of Anna" }))));
  const { router, queries } = await visitSignedIn("/mailings/7/edit");
  const name = await screen.findByRole("textbox", { name: "Name of the mailing" });
  fireEvent.change(name, { target: { value: "Half a name" } });
  server.use(http.get(at("/clients"), () => problem(401)));
  await api.GET("/clients").catch(() => {});
  await screen.findByRole("dialog", { name: "Your session has ended" });
  server.use(
    http.post(at("/auth/refresh"), () => HttpResponse.json(tokens("of boris"))),
    http.get(at("/me"), () => HttpResponse.json({ ...anna, id: 8, email: "boris@example.com" })),
  );
  localStorage.setItem("postrider.signed-in", "1");
  fireEvent(window, new StorageEvent("storage", { key: "postrider.signed-in", newValue: "1" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/dashboard"));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(name).not.toBeInTheDocument();
  await waitFor(() => expect(queries.getQueryData(me().queryKey)?.email).toBe("boris@example.com"));
});

test("what stands in a form of one's own stays while the password is asked for, and after", async () => {
  server.use(
    http.get(at("/mailings/7"), () => HttpResponse.json(aMailing({ id: 7, message_id: null }))),
    http.post(at("/mailings/audience"), () => problem(422)),
  );
  const { user, queries } = await visitSignedIn("/mailings/7/edit");
  const name = await screen.findByRole("textbox", { name: "Name of the mailing" });
  fireEvent.change(name, { target: { value: "Half a name" } });
  server.use(http.get(at("/clients"), () => problem(401)));
  await api.GET("/clients").catch(() => {});
  const password = await screen.findByLabelText("Password");
  expect(name).toBeInTheDocument();
  server.use(http.post(at("/auth/login"), () => HttpResponse.json(tokens("second"))));
  // Also when what was read before cannot be read anew.
  server.use(http.get(at("/mailings/7"), () => problem(503)));
  await user.type(password, "right{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await waitFor(() => {
    const [read] = queries.getQueryCache().findAll({ queryKey: ["mailing-form"] });
    expect(read?.state.status).toBe("error");
  });
  expect(name).toBeInTheDocument();
  expect(name).toHaveValue("Half a name");
});

const MARK = "postrider.signed-in";

/** What another tab does with the session. */
function elsewhere(what: "signs in" | "signs out") {
  const newValue = what === "signs in" ? "1" : null;
  if (newValue) localStorage.setItem(MARK, newValue);
  else localStorage.removeItem(MARK);
  fireEvent(window, new StorageEvent("storage", { key: MARK, newValue }));
}

/** A form that is half written, on whose page nobody is signed in any more. */
async function leftHalfway() {
  server.use(
    http.get(at("/mailings/7"), () => HttpResponse.json(aMailing({ id: 7, message_id: null }))),
    http.post(at("/mailings/audience"), () => problem(422)),
  );
  const shown = await visitSignedIn("/mailings/7/edit");
  const name = await screen.findByRole("textbox", { name: "Name of the mailing" });
  fireEvent.change(name, { target: { value: "Half a name" } });
  elsewhere("signs out");
  await screen.findByRole("dialog", { name: "You signed out in another tab" });
  return { ...shown, name };
}

test("who signed out in another tab is asked over what is half written, and goes on with it", async () => {
  const { user, name, router } = await leftHalfway();
  expect(screen.getByText(/What stands on this page is not saved yet/)).toBeInTheDocument();
  server.use(http.post(at("/auth/login"), () => HttpResponse.json(tokens("second"))));
  await user.type(screen.getByLabelText("Password"), "right{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(router.state.location.pathname).toBe("/mailings/7/edit");
  expect(name).toBeInTheDocument();
  expect(name).toHaveValue("Half a name");
});

test("who signs in again in the other tab finds the form as it was", async () => {
  const { name } = await leftHalfway();
  server.use(http.post(at("/auth/refresh"), () => HttpResponse.json(tokens("second"))));
  elsewhere("signs in");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(session.token).toBe("second");
  expect(name).toBeInTheDocument();
  expect(name).toHaveValue("Half a name");
});

test("another person who signs in in the other tab sees nothing of it", async () => {
  const { name, router } = await leftHalfway();
  server.use(
    http.post(at("/auth/refresh"), () => HttpResponse.json(tokens("of boris"))),
    http.get(at("/me"), () => HttpResponse.json({ ...anna, id: 8, email: "boris@example.com" })),
  );
  elsewhere("signs in");
  await waitFor(() => expect(router.state.location.pathname).toBe("/dashboard"));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(name).not.toBeInTheDocument();
});

test("who leaves it is signed out", async () => {
  const { user, name, router } = await leftHalfway();
  await user.click(screen.getByRole("button", { name: "Leave this page" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  expect(name).not.toBeInTheDocument();
  expect(session.held).toBe(false);
});

test("a page without anything unsaved goes home when one signs out in another tab", async () => {
  server.use(http.get(at("/mailings"), () => HttpResponse.json({ items: [aMailing()], next_cursor: null })));
  const { router } = await visitSignedIn("/mailings");
  await screen.findByText("Weekly letter");
  elsewhere("signs out");
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
});

const DRAFT = "postrider.new-message.7";

/** Opens the menu of the account and asks to sign out. */
async function askToSignOut(user: Awaited<ReturnType<typeof visitSignedIn>>["user"]) {
  await user.click(await screen.findByRole("button", { name: /anna@example.com/ }));
  await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
}

test("who signs out is told what is lost, and takes what was kept of a new message along", async () => {
  localStorage.setItem(DRAFT, JSON.stringify({ name: "Begun", subject: "", html: "", text: "" }));
  localStorage.setItem("postrider.new-message.8", "{}");
  const { user, router } = await visitSignedIn("/mailings");
  await askToSignOut(user);
  const dialog = within(await screen.findByRole("dialog", { name: "Sign out and lose what is not saved?" }));
  expect(dialog.getByText(/The new message you have begun/)).toBeInTheDocument();
  expect(dialog.queryByText(/on this page/)).toBeNull();
  await user.click(dialog.getByRole("button", { name: "Cancel" }));
  expect(session.token).not.toBeNull();
  expect(localStorage.getItem(DRAFT)).not.toBeNull();

  await askToSignOut(user);
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Sign out" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  expect(localStorage.getItem(DRAFT)).toBeNull();
  // Of somebody else at this browser it is kept.
  expect(localStorage.getItem("postrider.new-message.8")).not.toBeNull();
});

test("who has nothing unsaved signs out at once", async () => {
  server.use(
    http.get(at("/public/home"), () => HttpResponse.json({ mailings: 1234, active_mailings: 0, clients: 0 })),
  );
  const { user, router, queries } = await visitSignedIn("/mailings");
  await askToSignOut(user);
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  // The figures come at once, and of what was read before nothing is left.
  await screen.findByText("1,234");
  const known = queries.getQueryCache().findAll({ predicate: ({ state }) => state.data !== undefined });
  expect(known.map(({ queryKey }) => queryKey)).toEqual([["home"]]);
});

test("what is changed on the page is among what signing out loses", async () => {
  server.use(
    http.get(at("/mailings/7"), () => HttpResponse.json(aMailing({ id: 7, message_id: null }))),
    http.post(at("/mailings/audience"), () => problem(422)),
  );
  const { user } = await visitSignedIn("/mailings/7/edit");
  const name = await screen.findByRole("textbox", { name: "Name of the mailing" });
  fireEvent.change(name, { target: { value: "Half a name" } });
  await askToSignOut(user);
  await screen.findByText("What you have changed on this page is not saved.");
});
