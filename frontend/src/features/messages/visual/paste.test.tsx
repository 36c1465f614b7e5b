import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { visitSignedIn } from "@/test/app";
import { at, server } from "@/test/server";

// What jsdom has not: where a letter stands.
const nowhere = { left: 0, right: 0, top: 0, bottom: 0 };
Object.assign(Range.prototype, { getClientRects: () => [nowhere], getBoundingClientRect: () => nowhere });

beforeEach(() => {
  server.use(
    http.get(at("/clients"), () => HttpResponse.json({ items: [], next_cursor: null })),
    http.post(at("/messages/preview"), () =>
      HttpResponse.json({ subject: "", html: "", text: "", missing: [] }),
    ),
  );
});

async function paper() {
  const { user } = await visitSignedIn("/messages/new?tab=visual");
  const paper = await screen.findByRole("textbox", { name: "Visual" });
  const paste = (html: string, files: File[] = []) =>
    fireEvent.paste(paper, {
      clipboardData: { getData: (type: string) => (type === "text/html" ? html : ""), files },
    });
  return { user, paper, paste };
}

const notice = () => screen.findByText("What you pasted is not all as it was");
const gone = () =>
  waitFor(() => expect(screen.queryByText("What you pasted is not all as it was")).not.toBeInTheDocument());

const TABLE = "<table><tr><td>Day</td><td>Price</td></tr></table>";

test("what of a paste is not as it was is said, and taken back alone", async () => {
  const { user, paper: page, paste } = await paper();
  paste("<p>Hello </p>");
  expect(screen.queryByText("What you pasted is not all as it was")).not.toBeInTheDocument();
  paste(TABLE);
  const said = (await notice()).closest<HTMLElement>("[role=status]");
  expect(said).toHaveTextContent("Tables: each row is a line now");
  expect(said).not.toHaveTextContent("Videos");
  expect(page).toHaveTextContent("HelloDay | Price");
  await user.click(within(said as HTMLElement).getByRole("button", { name: "Take the paste back" }));
  await gone();
  expect(page).toHaveTextContent(/^Hello$/);
});

test("what is written after a paste is not taken back with it", async () => {
  const { user, paste } = await paper();
  paste(TABLE);
  await notice();
  await user.click(screen.getByRole("button", { name: "Dividing line" }));
  expect(screen.queryByRole("button", { name: "Take the paste back" })).not.toBeInTheDocument();
  await notice();
  // The next paste has nothing to tell.
  paste("<p>plain</p>");
  await gone();
});

test.each([
  ["a picture without a text", "", [new File(["x"], "shot.png", { type: "image/png" })]],
  ["a picture that lies in the text", '<img src="data:image/png;base64,AA">', []],
])("%s is not taken, which is said, and what is selected stays", async (_, html, files) => {
  const { paper: page, paste } = await paper();
  paste("<p>Hello</p>");
  fireEvent.keyDown(page, { key: "a", ctrlKey: true });
  paste(html, files);
  await notice();
  expect(page).toHaveTextContent("Hello");
});

test("what is too long is not put in, and nothing is taken back that was not done", async () => {
  const { paper: page, paste } = await paper();
  paste(`<p>${"word ".repeat(120_000)}</p>`);
  await screen.findByText("What you pasted was not put in");
  expect(screen.queryByRole("button", { name: "Take the paste back" })).not.toBeInTheDocument();
  expect(page).toHaveTextContent(/^$/);
});
