import { act, cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { Message, MessageInput } from "@/api/types";
import { visitSignedIn } from "@/test/app";
import { anna, at, problem, server } from "@/test/server";

const aMessage = (more: Partial<Message> = {}): Message => ({
  id: 4,
  owner_id: anna.id,
  name: "Fair",
  subject: "Come",
  html: "<table><tr><td>Come</td></tr></table>",
  text: "",
  created_at: "2026-11-01T12:00:00Z",
  updated_at: "2026-11-01T12:00:00Z",
  ...more,
});
const answer = (message: Message, etag: string) => HttpResponse.json(message, { headers: { ETag: etag } });

beforeEach(() => {
  server.use(
    http.get(at("/clients"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.post(at("/messages/preview"), () =>
      HttpResponse.json({
        subject: "Come",
        html: "<p>Come</p>",
        text: "Come",
        missing: ["client.attributes.city"],
      }),
    ),
    http.get(at("/messages/4"), () => answer(aMessage(), '"1"')),
  );
});

test("a message that a mailing needs stays, and the mailing is named", async () => {
  server.use(
    http.get(at("/messages"), () => HttpResponse.json({ items: [aMessage()], next_cursor: null })),
    http.delete(at("/messages/4"), () => problem(409, { detail: "1 mailings use this message: “Spring”" })),
  );
  const { user } = await visitSignedIn("/messages");
  await user.click(await screen.findByRole("button", { name: "Actions for Fair" }));
  await user.click(await screen.findByRole("menuitem", { name: "Delete…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Delete “Fair”?" }));
  await user.click(dialog.getByRole("button", { name: "Delete the message" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("“Spring”");
});

test("what the visual editor would lose opens as source and says why; what is missing is listed", async () => {
  await visitSignedIn("/messages/4");
  await screen.findByText(/laid out with tables or boxes/);
  expect(screen.getByRole("tab", { name: "Visual" })).toBeDisabled();
  expect(screen.getByRole("textbox", { name: "HTML" })).toHaveValue(aMessage().html);
  await screen.findByText("1 placeholder is empty for this client");
});

test.each(["", "?tab=visual"])(
  "what one may not change cannot be written into: /messages/4%s",
  async (tab) => {
    server.use(
      http.get(at("/messages/4"), () => answer(aMessage({ owner_id: 99, html: "<p>Come</p>" }), '"1"')),
    );
    await visitSignedIn(`/messages/4${tab}`);
    await screen.findByText(/message is somebody else's/);
    expect(screen.getByRole("tab", { name: "HTML", selected: true })).toBeVisible();
    expect(await screen.findByRole("textbox", { name: "HTML" })).toHaveAttribute("readonly");
    expect(screen.queryByRole("toolbar")).not.toBeInTheDocument();
  },
);

test("of somebody else's message is not said what one's own clients lack", async () => {
  const html = "<p>In {{ client.attributes.city }}</p>";
  server.use(http.get(at("/messages/4"), () => answer(aMessage({ html }), '"1"')));
  await visitSignedIn("/messages/4");
  await screen.findByText(/None of your newest clients has the attribute city/);
  cleanup();
  server.use(http.get(at("/messages/4"), () => answer(aMessage({ html, owner_id: 99 }), '"1"')));
  await visitSignedIn("/messages/4");
  await screen.findByText(/message is somebody else's/);
  await screen.findByText("1 placeholder is empty for this client");
  expect(screen.queryByText(/None of your newest clients/)).toBeNull();
});

test("it saves itself under its version, and what somebody else saved is not undone", async () => {
  const saves: { etag: string | null; subject: string }[] = [];
  let now = aMessage();
  server.use(
    http.get(at("/messages/4"), () => answer(now, saves.length ? '"2"' : '"1"')),
    http.patch(at("/messages/4"), async ({ request }) => {
      const body = (await request.json()) as MessageInput;
      const etag = request.headers.get("If-Match");
      saves.push({ etag, subject: body.subject });
      if (etag !== '"2"') {
        now = aMessage({ subject: "Theirs" });
        return problem(412);
      }
      return answer(aMessage(body), '"3"');
    }),
  );
  const { user } = await visitSignedIn("/messages/4");
  const subject = await screen.findByRole("textbox", { name: "Subject" });
  await user.clear(subject);
  await user.type(subject, "Mine");
  const dialog = await screen.findByRole("dialog", { name: "Somebody else changed this meanwhile" });
  expect(dialog).toHaveTextContent("Theirs");
  // To close it is no choice: that nothing is saved stays said, and leads back to the choice.
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await user.type(subject, "!{Backspace}");
  await screen.findByText(/Nothing is saved by itself/);
  await user.click(screen.getByRole("button", { name: "Choose" }));
  const again = within(await screen.findByRole("dialog"));
  await user.click(again.getByRole("button", { name: "Save mine over it" }));
  await waitFor(() => expect(saves.at(-1)).toEqual({ etag: '"2"', subject: "Mine" }));
  await screen.findByText(/^Saved/);
  expect(screen.queryByText(/Nothing is saved by itself/)).not.toBeInTheDocument();
});

test("what was written is saved on leaving, which is asked about only where that fails", async () => {
  const subjects: string[] = [];
  server.use(
    http.patch(at("/messages/4"), async ({ request }) => {
      const body = (await request.json()) as MessageInput;
      subjects.push(body.subject);
      return body.subject === "Bad" ? problem(422) : answer(aMessage(body), '"2"');
    }),
  );
  const { user, router } = await visitSignedIn("/messages/4");
  const write = async (text: string) => {
    const subject = await screen.findByRole("textbox", { name: "Subject" });
    fireEvent.change(subject, { target: { value: text } });
    await user.click(screen.getByRole("link", { name: "Clients" }));
  };
  await write("Mine");
  await screen.findByRole("heading", { name: "Clients" });
  expect(subjects).toEqual(["Mine"]);
  await router.navigate({ to: "/messages/$id", params: { id: 4 } });
  await write("Bad");
  const dialog = await screen.findByRole("dialog", { name: "Leave without saving?" });
  expect(dialog).toHaveTextContent("What you changed here could not be saved.");
  await user.click(within(dialog).getByRole("button", { name: "Leave without saving" }));
  await screen.findByRole("heading", { name: "Clients" });
});

test.each([
  ["Take what is saved", []],
  ["Save mine over it", ['"2"']],
  ["Save mine as a new message", ["copy"]],
])("a conflict on leaving asks one question, and %s goes on", async (choice, saves) => {
  const saved: (string | null)[] = [];
  server.use(
    http.get(at("/messages"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.patch(at("/messages/4"), async ({ request }) => {
      const etag = request.headers.get("If-Match");
      if (etag === '"1"') {
        server.use(http.get(at("/messages/4"), () => answer(aMessage({ subject: "Theirs" }), '"2"')));
        return problem(412);
      }
      saved.push(etag);
      return answer(aMessage((await request.json()) as MessageInput), '"3"');
    }),
    http.post(at("/messages"), async ({ request }) => {
      saved.push("copy");
      const body = (await request.json()) as MessageInput;
      expect(body.subject).toBe("Mine");
      return HttpResponse.json(aMessage({ ...body, id: 5 }), { status: 201, headers: { ETag: '"1"' } });
    }),
  );
  const { user } = await visitSignedIn("/messages/4");
  fireEvent.change(await screen.findByRole("textbox", { name: "Subject" }), { target: { value: "Mine" } });
  const leave = () => user.click(screen.getByRole("link", { name: "Clients" }));
  const question = () => screen.findByRole("dialog", { name: "Somebody else changed this meanwhile" });
  await leave();
  expect(await question()).toHaveTextContent("once you have chosen you go on");
  expect(screen.getAllByRole("dialog")).toHaveLength(1);
  // Closed it is no choice, and one is asked the same again.
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(screen.getByRole("textbox", { name: "Subject" })).toHaveValue("Mine");
  await leave();
  await user.click(within(await question()).getByRole("button", { name: choice }));
  await screen.findByRole("heading", { level: 1, name: "Clients" });
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(saved).toEqual(saves);
});

test("what is not saved yet is still there after the page was left", async () => {
  localStorage.setItem(`postrider.new-message.${anna.id}`, JSON.stringify({ name: "Kept", text: "Hello" }));
  const { user } = await visitSignedIn("/messages/new?tab=text");
  expect(await screen.findByRole("textbox", { name: "Name" })).toHaveValue("Kept");
  await user.click(screen.getByRole("button", { name: "Begin anew" }));
  expect(screen.getByRole("textbox", { name: "Name" })).toHaveValue("");
  expect(localStorage.getItem(`postrider.new-message.${anna.id}`)).toBeNull();
});

test("a double click makes one message, and a try after a lost answer asks for the same one", async () => {
  const keys: (string | null)[] = [];
  server.use(
    http.post(at("/messages"), ({ request }) => {
      keys.push(request.headers.get("Idempotency-Key"));
      return keys.length === 1
        ? HttpResponse.error()
        : HttpResponse.json(aMessage(), { status: 201, headers: { ETag: '"1"' } });
    }),
  );
  const { router } = await visitSignedIn("/messages/new?tab=text");
  const button = await screen.findByRole("button", { name: "Save the message" });
  const doubleClick = () =>
    act(async () => {
      button.click();
      button.click();
    });
  await doubleClick();
  await screen.findByText("The message could not be saved");
  expect(keys).toHaveLength(1);
  await doubleClick();
  await waitFor(() => expect(router.state.location.pathname).toBe("/messages/4"));
  await screen.findByDisplayValue("Fair");
  expect(keys[0]).toBeTruthy();
  expect(keys).toEqual([keys[0], keys[0]]);
});
