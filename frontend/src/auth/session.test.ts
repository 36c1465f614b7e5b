import { delay, HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { api } from "@/api/client";
import { Failure } from "@/api/failure";
import { anna, at, problem, server, tokens } from "@/test/server";
import { session } from "./session";

/** A server whose access tokens are over as soon as they are given, except the newest. */
function serverWithRenewal() {
  const seen = { renewals: 0, bearers: [] as (string | null)[] };
  let valid = "none";
  server.use(
    http.post(at("/auth/refresh"), async () => {
      seen.renewals++;
      valid = `renewed-${seen.renewals}`;
      await delay(20);
      return HttpResponse.json(tokens(valid));
    }),
    http.get(at("/me"), ({ request }) => {
      const bearer = request.headers.get("Authorization");
      seen.bearers.push(bearer);
      return bearer === `Bearer ${valid}` ? HttpResponse.json(anna) : problem(401);
    }),
    http.patch(at("/me"), async ({ request }) => {
      if (request.headers.get("Authorization") !== `Bearer ${valid}`) return problem(401);
      return HttpResponse.json({ ...anna, ...((await request.json()) as object) });
    }),
  );
  return seen;
}

test("requests whose token is over share one renewal and are repeated", async () => {
  const seen = serverWithRenewal();
  await session.signIn("anna@example.com", "x");
  const answers = await Promise.all([api.GET("/me"), api.GET("/me"), api.GET("/me")]);
  expect(answers.map(({ data }) => data?.email)).toEqual([anna.email, anna.email, anna.email]);
  expect(seen.renewals).toBe(1);
  expect(session.token).toBe("renewed-1");
});

test("a repeated request carries its body again", async () => {
  serverWithRenewal();
  await session.signIn("anna@example.com", "x");
  const { data } = await api.PATCH("/me", { body: { locale: "ru" } });
  expect(data?.locale).toBe("ru");
});

test("a page that was just loaded gets its session back from the cookie", async () => {
  const seen = serverWithRenewal();
  localStorage.setItem("postrider.signed-in", "1");
  expect(session.token).toBeNull();
  await expect(Promise.all([session.restore(), session.restore()])).resolves.toEqual([true, true]);
  expect(seen.renewals).toBe(1);
});

test("a refused renewal ends the session once and says it was lost", async () => {
  let renewals = 0;
  server.use(
    http.get(at("/me"), () => problem(401)),
    http.post(at("/auth/refresh"), () => {
      renewals++;
      return problem(401);
    }),
  );
  await session.signIn("anna@example.com", "x");
  const heard = vi.fn();
  const end = session.subscribe(heard);
  await expect(Promise.all([api.GET("/me"), api.GET("/me")])).rejects.toMatchObject({ status: 401 });
  await vi.waitFor(() => expect(session.expected).toBe(false));
  end();
  expect(heard.mock.calls).toEqual([["lost"]]);
  // What is known needs no second question.
  await expect(session.restore()).resolves.toBe(false);
  expect(renewals).toBe(1);
});

test("a server that cannot be asked ends nothing", async () => {
  server.use(
    http.get(at("/me"), () => problem(401)),
    http.post(at("/auth/refresh"), () => HttpResponse.error()),
  );
  await session.signIn("anna@example.com", "x");
  await expect(api.GET("/me")).rejects.toMatchObject({ status: 0 });
  expect(session.token).toBe("first");
  server.use(http.post(at("/auth/refresh"), () => problem(503)));
  await expect(api.GET("/me")).rejects.toMatchObject({ status: 503 });
  expect(session.token).toBe("first");
});

test("what something else answers than Postrider ends nothing", async () => {
  const page = () => HttpResponse.html("<h1>Sign in to the network</h1>", { status: 401 });
  server.use(http.get(at("/me"), page), http.post(at("/auth/refresh"), page));
  await session.signIn("anna@example.com", "x");
  await expect(api.GET("/me")).rejects.toMatchObject({ status: 0, isForeign: true });
  expect(session.token).toBe("first");
});

test("signing out that the server was not told of leaves one signed in", async () => {
  await session.signIn("anna@example.com", "x");
  server.use(http.post(at("/auth/logout"), () => HttpResponse.error()));
  await expect(session.signOut()).rejects.toBeInstanceOf(Failure);
  expect(session.token).toBe("first");
  server.use(http.post(at("/auth/logout"), () => problem(401)));
  await session.signOut();
  expect(session.token).toBeNull();
});

test("signing out in another tab ends it here, where what stands on the page is held until one leaves it", async () => {
  await session.signIn("anna@example.com", "x");
  const heard = vi.fn();
  const end = session.subscribe(heard);
  localStorage.removeItem("postrider.signed-in");
  window.dispatchEvent(new StorageEvent("storage", { key: "postrider.signed-in", newValue: null }));
  expect(session.token).toBeNull();
  expect(session.held).toBe(true);
  session.leave();
  end();
  expect(heard.mock.calls).toEqual([["signed-out-elsewhere"], ["signed-out"]]);
  expect(session.held).toBe(false);
});

test("a session lost in another tab is lost here, and found again here when it is there", async () => {
  await session.signIn("anna@example.com", "x");
  const heard = vi.fn();
  const end = session.subscribe(heard);
  const told = (newValue: string) =>
    window.dispatchEvent(new StorageEvent("storage", { key: "postrider.signed-in", newValue }));
  localStorage.setItem("postrider.signed-in", "lost");
  told("lost");
  expect(session.token).toBeNull();
  expect([session.expected, session.held]).toEqual([false, true]);
  localStorage.setItem("postrider.signed-in", "1");
  told("1");
  end();
  expect(heard.mock.calls).toEqual([["lost"], ["signed-in"]]);
  expect(session.expected).toBe(true);
});

test("other tabs are told that a session was lost, and that somebody signed out", async () => {
  const refused = () => http.post(at("/auth/refresh"), () => problem(401));
  await session.signIn("anna@example.com", "x");
  server.use(refused());
  await session.renew();
  expect(localStorage.getItem("postrider.signed-in")).toBe("lost");
  expect(session.held).toBe(true);
  server.use(http.post(at("/auth/logout-all"), () => problem(401)));
  await session.signOutEverywhere();
  expect(localStorage.getItem("postrider.signed-in")).toBeNull();
  expect(session.held).toBe(false);
});

test("the access token is kept nowhere but in memory", async () => {
  await session.signIn("anna@example.com", "x");
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("first");
  expect(document.cookie).toBe("");
});
