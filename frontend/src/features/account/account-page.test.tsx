import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";
import { deviceOf } from "./device";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const signIn = (id: number, user_agent: string, current: boolean) => ({
  id,
  user_agent,
  current,
  ip: "192.0.2.1",
  created_at: "2026-11-01T12:00:00Z",
  last_used_at: "2026-11-02T12:00:00Z",
  expires_at: "2026-12-01T12:00:00Z",
});

beforeEach(() => {
  server.use(
    http.get(at("/me/sessions"), () =>
      HttpResponse.json({
        items: [signIn(3, "curl/8.1", false), signIn(2, PHONE, false), signIn(1, FIREFOX, true)],
        next_cursor: null,
      }),
    ),
  );
});

test("the profile is saved, and its language is that of the interface at once", async () => {
  let sent: unknown;
  server.use(
    http.patch(at("/me"), async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ ...anna, ...(sent as object) });
    }),
  );
  const { user } = await visitSignedIn("/account");
  await user.selectOptions(await screen.findByRole("combobox", { name: "Language" }), "Русский");
  await user.click(screen.getByRole("button", { name: "Save the profile" }));
  await screen.findByRole("heading", { name: "Учётная запись" });
  expect(sent).toEqual({ locale: "ru" });
});

test("the focus is at the profile when its button has nothing more to save", async () => {
  let account = anna;
  server.use(
    http.get(at("/me"), () => HttpResponse.json(account)),
    http.patch(at("/me"), async ({ request }) => {
      account = { ...account, ...((await request.json()) as object) };
      return HttpResponse.json(account);
    }),
  );
  const { user } = await visitSignedIn("/account");
  await user.type(await screen.findByRole("textbox", { name: "Your name" }), " P.");
  screen.getByRole("button", { name: "Save the profile" }).focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(screen.getByRole("heading", { name: "Profile" })).toHaveFocus());
});

test("a language chosen in the menu stays when another part of the profile is saved", async () => {
  const sent: unknown[] = [];
  let account = anna;
  server.use(
    http.get(at("/me"), () => HttpResponse.json(account)),
    http.patch(at("/me"), async ({ request }) => {
      const body = (await request.json()) as object;
      sent.push(body);
      account = { ...account, ...body };
      return HttpResponse.json(account);
    }),
  );
  const { user } = await visitSignedIn("/account");
  await user.type(await screen.findByRole("textbox", { name: "Your name" }), " P.");
  await user.click(screen.getByRole("button", { name: "Language" }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Русский" }));
  const language = await screen.findByRole("combobox", { name: "Язык" });
  await waitFor(() => expect(language).toHaveValue("ru"));
  await user.click(screen.getByRole("button", { name: "Сохранить профиль" }));
  await screen.findByText("Профиль сохранён");
  expect(sent).toEqual([{ locale: "ru" }, { full_name: "Anna P." }]);
  expect(document.documentElement.lang).toBe("ru");
});

test("a wrong present password is said at its field", async () => {
  const errors = [{ field: "current_password", code: "wrong", message: "This is not your password." }];
  server.use(http.post(at("/me/password"), () => problem(422, { errors })));
  const { user } = await visitSignedIn("/account");
  const current = await screen.findByLabelText("Present password");
  await user.type(current, "wrong");
  await user.type(screen.getByLabelText("New password"), "quiet-harbour-lantern");
  await user.click(screen.getByRole("button", { name: "Change the password" }));
  await waitFor(() => expect(current).toHaveAccessibleDescription("This is not your password."));
});

test("sessions are named by their device; all others are ended together", async () => {
  const ended: unknown[] = [];
  server.use(
    http.delete(at("/me/sessions/:id"), ({ params }) => {
      ended.push(params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await visitSignedIn("/account");
  const here = (await screen.findByText("Firefox on Linux")).closest("li") as HTMLElement;
  within(here).getByText("This one");
  expect(within(here).queryByRole("button")).not.toBeInTheDocument();
  screen.getByText("Safari on iPhone");
  await user.click(screen.getByRole("button", { name: "End all others" }));
  const asked = await screen.findByRole("dialog", { name: "End all other sessions?" });
  within(asked).getByText(/^2 other sessions end at once/);
  await user.click(within(asked).getByRole("button", { name: "End all others" }));
  await waitFor(() => expect(ended).toEqual(["3", "2"]));
});

test("a session that has ended meanwhile keeps none of the others, nor does one that fails", async () => {
  const ended: unknown[] = [];
  let first = 404;
  server.use(
    http.delete(at("/me/sessions/:id"), ({ params }) => {
      if (params.id === "3") return problem(first);
      ended.push(params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await visitSignedIn("/account");
  const endAll = async () => {
    await user.click(await screen.findByRole("button", { name: "End all others" }));
    const asked = await screen.findByRole("dialog", { name: "End all other sessions?" });
    await user.click(within(asked).getByRole("button", { name: "End all others" }));
    return asked;
  };
  await endAll();
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(ended).toEqual(["2"]);
  first = 503;
  within(await endAll()).getByRole("button", { name: "End all others" });
  await screen.findByText("That did not work");
  expect(ended).toEqual(["2", "2"]);
});

test("who has quotas sees what is used of them", async () => {
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, quota_mails_per_day: 500 })),
    http.get(at("/me/quotas"), () =>
      HttpResponse.json({
        clients: { limit: null, used: null },
        mails_today: { limit: 500, used: 120 },
        resets_at: "2026-12-02T00:00:00Z",
      }),
    ),
  );
  await visitSignedIn("/account");
  const part = await screen.findByRole("region", { name: "Quotas" });
  await within(part).findByText(/120 of 500/);
  within(part).getByText(/next day for mails begins/);
  expect(within(part).queryByText("Clients")).not.toBeInTheDocument();
});

test("who has none is not bothered with them", async () => {
  await visitSignedIn("/account");
  await screen.findByRole("heading", { name: "Sessions" });
  expect(screen.queryByRole("region", { name: "Quotas" })).not.toBeInTheDocument();
});

test.each([
  [FIREFOX, "Firefox", "Linux"],
  [PHONE, "Safari", "iPhone"],
  [
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0",
    "Edge",
    "Windows",
  ],
  ["curl/8.1", "curl", ""],
  ["", "", ""],
])("%j is %s on %s", (userAgent, browser, system) => {
  expect(deviceOf(userAgent)).toMatchObject({ browser, system });
});
