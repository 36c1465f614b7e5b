import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import type { DraftPreview } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { aClient, aMailing, anna, at, problem, server } from "@/test/server";

const message = { id: 3, name: "Spring news", subject: "Spring", html: "<p>Spring</p>", text: "" };

/** A server with a message, three clients with a tag, and mailings that are taken as they come. */
function ready() {
  const bodies: Record<string, unknown>[] = [];
  server.use(
    http.get(at("/messages"), () => HttpResponse.json({ items: [message], next_cursor: null })),
    http.get(at("/messages/3"), () => HttpResponse.json(message)),
    http.post(at("/messages/preview"), () =>
      HttpResponse.json({ subject: "Spring", html: "<p>Spring</p>", text: "", missing: [] }),
    ),
    http.post(at("/mailings/audience"), () =>
      HttpResponse.json({
        count: 414,
        sample: [{ id: 1, email: "a@example.org", full_name: "Anna" }],
        skipped: { unsubscribed: 1, duplicate_address: 1 },
      }),
    ),
    http.post(at("/mailings/occurrences"), () =>
      HttpResponse.json({
        items: [{ planned_at: "2027-03-28T01:00:00Z", local: "2027-03-28T03:00:00+02:00", note: "gap" }],
      }),
    ),
    http.post(at("/mailings"), async ({ request }) => {
      bodies.push((await request.json()) as Record<string, unknown>);
      return HttpResponse.json(aMailing({ name: "Spring news" }), { status: 201, headers: { ETag: '"1"' } });
    }),
    http.get(at("/mailings/1"), () =>
      HttpResponse.json(aMailing({ name: "Spring news" }), {
        headers: { ETag: '"1"', Date: "Mon, 23 Nov 2026 12:00:00 GMT" },
      }),
    ),
    http.get(at("/mailings/1/audience"), () => HttpResponse.json({ count: 0, sample: [], skipped: {} })),
    http.get(at("/mailings/1/runs"), () => HttpResponse.json({ items: [], next_cursor: null })),
  );
  return bodies;
}

const button = (name: string) => screen.getByRole("button", { name });

test("message, audience and schedule are told as they will be", async () => {
  ready();
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await screen.findByTitle("Preview of the message");
  await screen.findByText("412 clients will be mailed");
  expect(
    screen.getByText("2 will be skipped: 1 unsubscribed, 1 same address as another client"),
  ).toBeInTheDocument();
  await user.click(screen.getByRole("radio", { name: "Repeating" }));
  await screen.findByText(/The clocks skip this time that day/);
  await screen.findByText(/“Spring news” goes to 412 clients, every week on \w+ at 09:00, Moscow, from/);
});

test("a start now is in the person's own zone, and one that was chosen comes back with its field", async () => {
  const bodies = ready();
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring news");
  await user.click(screen.getByRole("radio", { name: "At a time" }));
  const zone = screen.getByRole("combobox", { name: "Time zone" });
  await user.clear(zone);
  await user.type(zone, "Tokyo");
  await user.click(await screen.findByRole("option", { name: "Asia/Tokyo" }));
  await user.click(screen.getByRole("radio", { name: "Now" }));
  await user.click(screen.getByRole("radio", { name: "At a time" }));
  expect(screen.getByRole("combobox", { name: "Time zone" })).toHaveValue("Asia/Tokyo");
  await user.click(screen.getByRole("radio", { name: "Now" }));
  await user.click(button("Save draft"));
  await waitFor(() => expect(bodies).toHaveLength(1));
  expect(bodies[0]).toMatchObject({ start_at: null, timezone: "Europe/Moscow" });
});

/** Renders what is asked for as the server does, for a client called Anna whose city is not known. */
function rendering() {
  const asked: DraftPreview[] = [];
  server.use(
    http.post(at("/messages/preview"), async ({ request }) => {
      const body = (await request.json()) as DraftPreview;
      asked.push(body);
      const city = String(body.sample?.attributes?.city ?? "");
      const values: Record<string, string> = { "client.full_name": "Anna", "client.attributes.city": city };
      const fill = (source = "") => source.replace(/\{\{ ([\w.]+) \}\}/g, (_, path) => values[path] ?? "");
      return HttpResponse.json({
        subject: fill(body.subject),
        html: fill(body.html),
        text: "",
        missing: city ? [] : ["client.attributes.city"],
      });
    }),
  );
  return asked;
}

const frame = async () => (await screen.findByTitle("Preview of the message")).getAttribute("srcdoc");

test("the message is shown as the first of the audience gets it, and what they lack is marked", async () => {
  ready();
  const greeting = {
    ...message,
    subject: "Good day {{ client.full_name }}",
    html: "<p>How is {{ client.attributes.city }}?</p>",
  };
  const oslo = aClient({ attributes: { city: "Oslo" } });
  server.use(
    http.get(at("/messages/3"), () => HttpResponse.json(greeting)),
    http.get(at("/clients"), () => HttpResponse.json({ items: [oslo], next_cursor: null, total: 1 })),
  );
  const asked = rendering();
  const { user } = await visitSignedIn("/mailings/new?message_id=3");
  // While nobody is chosen: with what one's clients have.
  await screen.findByText(/As an invented client would get it/);
  expect(await frame()).toContain("<p>How is Oslo?</p>");
  expect(screen.queryByText("client.attributes.city")).toBeNull();

  await user.click(screen.getByRole("radio", { name: "All my clients" }));
  await screen.findByText("As Anna · a@example.org gets it:");
  await screen.findByText("1 placeholder is empty for this client");
  expect(screen.getByText("client.attributes.city")).toBeInTheDocument();
  expect(await frame()).toContain("<mark data-missing");
  expect(screen.getByText("Good day Anna")).toBeInTheDocument();
  expect(asked.map(({ client_id, sample }) => [client_id, sample?.attributes])).toEqual([
    [undefined, { city: "Oslo" }],
    [1, undefined],
  ]);
});

test("an audience that nobody matches is shown an invented client", async () => {
  ready();
  server.use(
    http.post(at("/mailings/audience"), () => HttpResponse.json({ count: 0, sample: [], skipped: {} })),
  );
  await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await screen.findByText(/Nobody matches at the moment/);
  await screen.findByText(/As an invented client would get it/);
  expect(await frame()).toContain("<p>Spring</p>");
});

test("those who see everyone's are offered their own messages and clients alone", async () => {
  ready();
  const owners: Record<string, string | null> = {};
  const noting = (list: string) =>
    http.get(at(`/${list}`), ({ request }) => {
      owners[list] = new URL(request.url).searchParams.get("owner_id");
      return HttpResponse.json({ items: [], next_cursor: null });
    });
  server.use(
    http.get(at("/me"), () => HttpResponse.json({ ...anna, is_superuser: true })),
    noting("messages"),
    noting("clients"),
  );
  await visitSignedIn("/mailings/new");
  await waitFor(() => expect(owners).toEqual({ messages: "7", clients: "7" }));
});

test("what the person has not filled in is said at its field, and nothing is sent", async () => {
  const bodies = ready();
  const { user } = await visitSignedIn("/mailings/new");
  await user.click(await screen.findByRole("button", { name: "Save draft" }));
  expect(await screen.findAllByText("Please fill this in.")).toHaveLength(2);
  expect(screen.getByText("Choose all clients, a tag or at least one client.")).toBeInTheDocument();
  expect(screen.getAllByRole("img", { name: "Something is wrong here:" })).toHaveLength(2);
  expect(bodies).toEqual([]);
});

test("a number that does not fit stays as typed and is refused at its field", async () => {
  const bodies = ready();
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring");
  await user.click(button("More options"));
  await user.type(screen.getByLabelText("Mails a minute at most"), "12.5");
  const grace = screen.getByLabelText("But no later than, in minutes");
  await user.clear(grace);
  await user.type(grace, "600000");
  await user.click(button("Save draft"));
  expect(await screen.findByText("A whole number from 1 to 1,000,000.")).toBeInTheDocument();
  expect(screen.getByText("A whole number from 0 to 525,600.")).toBeInTheDocument();
  expect(screen.getByLabelText("Mails a minute at most")).toHaveValue("12.5");
  expect(bodies).toEqual([]);
});

test("what the server finds wrong stands at its step and field, also among the options that were folded", async () => {
  ready();
  server.use(
    http.post(at("/mailings"), () =>
      problem(422, {
        errors: [
          { field: "rate_per_minute", code: "out_of_range", message: "That is too fast." },
          { field: "audience.client_ids", code: "unknown", message: "There are no such clients: 9." },
          { field: "from_email", code: "not_allowed", message: "Not from there." },
        ],
      }),
    ),
  );
  const { user } = await visitSignedIn("/mailings/new?message_id=3&client_id=9");
  server.use(http.get(at("/clients/9"), () => problem(404)));
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring");
  await user.click(button("Save draft"));
  expect(await screen.findByText("There are no such clients: 9.")).toBeInTheDocument();
  expect(screen.getByText("That is too fast.")).toBeInTheDocument();
  expect(screen.getByText("Not from there.")).toBeInTheDocument();
  expect(button("More options")).toHaveAttribute("aria-expanded", "true");
});

test("a start is saved ten seconds ahead by the server's clock, and can be taken back elsewhere", async () => {
  const bodies = ready();
  const asked: unknown[] = [];
  server.use(
    http.post(at("/mailings/1/schedule"), async ({ request }) => {
      asked.push(await request.json());
      return HttpResponse.json(aMailing({ status: "scheduled" }), { status: 202 });
    }),
    http.post(at("/mailings/1/unschedule"), () => {
      asked.push("unschedule");
      return HttpResponse.json(aMailing(), { status: 202 });
    }),
    http.patch(at("/mailings/1"), async ({ request }) => {
      asked.push(await request.json());
      return HttpResponse.json(aMailing());
    }),
  );
  const { user, router } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring news");
  await user.click(button("Start now"));
  await screen.findByText(/“Spring news” starts in/);
  expect(bodies).toMatchObject([
    { name: "Spring news", message_id: 3, draft: true, start_at: null, audience: { tags: ["vip"] } },
  ]);
  expect(asked).toEqual([{ start_at: "2026-11-23T12:00:11.000Z" }]);
  await waitFor(() => expect(router.state.location.pathname).toBe("/mailings/1"));

  await router.navigate({ to: "/clients" });
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await screen.findByText(/“Spring news” was not started/);
  // It is the draft that it was, which starts when one says so.
  expect(asked.slice(1)).toEqual(["unschedule", { start_at: null }]);
});

test("a time that has passed is a start now, which can be taken back", async () => {
  const bodies = ready();
  const asked: unknown[] = [];
  server.use(
    http.post(at("/mailings/1/schedule"), async ({ request }) => {
      asked.push(await request.json());
      return HttpResponse.json(aMailing({ status: "scheduled" }), { status: 202 });
    }),
  );
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring news");
  await user.click(screen.getByRole("radio", { name: "At a time" }));
  expect(button("Schedule")).toBeInTheDocument();
  fireEvent.change(screen.getByLabelText("Date"), { target: { value: "2020-01-02" } });
  await screen.findByText("“Spring news” goes to 412 clients, at once, as the chosen time has passed.");
  expect(screen.queryByRole("button", { name: "Schedule" })).toBeNull();
  expect(screen.getByText(/It starts after 10 seconds/)).toBeInTheDocument();
  await user.click(button("Start now"));
  await screen.findByText(/“Spring news” starts in/);
  expect(button("Undo")).toBeInTheDocument();
  expect(bodies).toMatchObject([{ draft: true, start_at: null }]);
  expect(asked).toEqual([{ start_at: "2026-11-23T12:00:11.000Z" }]);
});

test("what becomes of a time that the clocks skip or show twice is said", async () => {
  ready();
  server.use(http.get(at("/me"), () => HttpResponse.json({ ...anna, timezone: "Europe/Berlin" })));
  const { user } = await visitSignedIn("/mailings/new");
  await user.click(await screen.findByRole("radio", { name: "At a time" }));
  const pick = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  pick("Date", "2027-03-28");
  pick("Time", "02:30");
  await screen.findByText("The clocks skip this time that day: it starts at 03:30.");
  expect(screen.getByText("Once, 28 Mar 2027, 03:30, Berlin")).toBeInTheDocument();
  pick("Date", "2027-10-31");
  await screen.findByText(/The clocks show this time twice that day/);
  pick("Time", "12:00");
  expect(screen.queryByText(/this time twice/)).not.toBeInTheDocument();
});

test("of a repeating mailing whose start has come it is said that the first run starts at once", async () => {
  ready();
  server.use(
    http.post(at("/mailings/occurrences"), () =>
      HttpResponse.json({
        items: [{ planned_at: new Date().toISOString(), local: new Date().toISOString(), note: "" }],
      }),
    ),
  );
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.click(await screen.findByRole("radio", { name: "Repeating" }));
  fireEvent.change(screen.getByLabelText("From"), { target: { value: "2020-01-02" } });
  await screen.findByRole("button", { name: "Start now and repeat" });
  expect(screen.getAllByText(/The first mails go out at once/)).toHaveLength(2);
});

test("of a start it is said when its sending window opens, and that it never does", async () => {
  ready();
  const asked: unknown[] = [];
  server.use(
    http.post(at("/mailings/occurrences"), async ({ request }) => {
      asked.push(await request.json());
      const start = { planned_at: "2027-03-01T18:00:00Z", local: "2027-03-01T18:00:00Z", note: null };
      return HttpResponse.json({
        items: [
          { ...start, opens_at: "2027-03-02T07:00:00Z" },
          {
            ...start,
            planned_at: "2027-03-02T18:00:00Z",
            opens_at: "2027-03-03T07:00:00Z",
            never_opens: true,
          },
        ],
      });
    }),
  );
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.click(await screen.findByRole("radio", { name: "Repeating" }));
  await user.click(button("More options"));
  await user.click(screen.getByRole("checkbox", { name: /only at certain hours/i }));
  await screen.findByText(/^Mails go out from .* on, when the sending window opens\.$/);
  screen.getByText(/^Nobody is mailed: the sending window opens on /);
  await waitFor(() =>
    expect(asked.at(-1)).toMatchObject({
      window: { weekdays: [1, 2, 3, 4, 5], from: "09:00", to: "18:00" },
      run_minutes: null,
    }),
  );
});

test("what was wrong with a rule is forgotten with the rule", async () => {
  ready();
  server.use(
    http.post(at("/mailings"), () =>
      problem(422, { errors: [{ field: "repeat.cron", code: "invalid", message: "There is no hour 25." }] }),
    ),
  );
  const { user } = await visitSignedIn("/mailings/new?message_id=3&tag=vip");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring news");
  await user.click(screen.getByRole("radio", { name: "Repeating" }));
  await user.click(screen.getByRole("radio", { name: "cron" }));
  await user.click(button("Schedule"));
  await screen.findByText("There is no hour 25.");
  const when = within(screen.getByRole("region", { name: "When" }));
  expect(when.getByRole("img", { name: "Something is wrong here:" })).toBeInTheDocument();
  await user.click(screen.getByRole("radio", { name: "At a time" }));
  expect(when.queryByRole("img", { name: "Something is wrong here:" })).toBeNull();
  expect(screen.queryByText("Some fields above need your attention.")).toBeNull();
});

test("leaving with what is not saved asks", async () => {
  ready();
  const { user, router } = await visitSignedIn("/mailings/new");
  await user.type(await screen.findByLabelText(/Name of the mailing/), "Spring");
  void router.navigate({ to: "/clients" });
  await screen.findByRole("dialog", { name: "Leave without saving?" });
});
