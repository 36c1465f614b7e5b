import { Button } from "@mantine/core";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { show } from "@/test/app";
import { ConfirmDialog } from "./confirm-dialog";
import { keepFocus } from "./lost-focus";
import { PageHeader } from "./page-header";

const button = (name: string) => screen.getByRole("button", { name });
const focusOn = (what: () => HTMLElement) => waitFor(() => expect(what()).toHaveFocus());

beforeEach(() => {
  onTestFinished(keepFocus());
});

/** An act asked about in a dialog, whose button goes with it. */
function Doing({ act = async () => {} }: { act?: () => Promise<unknown> }) {
  const [opened, setOpened] = useState(false);
  const [done, setDone] = useState(false);
  return (
    <>
      <PageHeader title="A page" />
      <section aria-labelledby="part">
        <h2 id="part">A part</h2>
        {!done && <Button onClick={() => setDone(true)}>Do it here</Button>}
      </section>
      {!done && <Button onClick={() => setOpened(true)}>Delete…</Button>}
      <ConfirmDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title="Delete it?"
        act="Delete it"
        onConfirm={async () => {
          await act();
          setDone(true);
        }}
      >
        It will be gone.
      </ConfirmDialog>
    </>
  );
}

test("what goes away with its act leaves the focus on the heading of its section", async () => {
  await show(<Doing />);
  await userEvent.click(button("Do it here"));
  await focusOn(() => screen.getByRole("heading", { name: "A part" }));
});

test("a dialog whose button is gone leaves the focus on the heading of the page", async () => {
  await show(<Doing />);
  await userEvent.click(button("Delete…"));
  await userEvent.click(await screen.findByRole("button", { name: "Delete it" }));
  await focusOn(() => screen.getByRole("heading", { name: "A page" }));
});

test("what can be pressed again has the focus again: after a failure, and after a dialog that is closed", async () => {
  await show(<Doing act={() => Promise.reject(new Error("no"))} />);
  await userEvent.click(button("Delete…"));
  await userEvent.click(await screen.findByRole("button", { name: "Delete it" }));
  await screen.findByRole("alert");
  await focusOn(() => button("Delete it"));
  await userEvent.keyboard("{Escape}");
  await focusOn(() => button("Delete…"));
});

test("what can be pressed no more leaves the focus on the heading over it, once it is not on its way", async () => {
  function Saving() {
    const [state, setState] = useState<"dirty" | "saving" | "saved">("dirty");
    return (
      <section aria-labelledby="part">
        <h2 id="part">A part</h2>
        <Button loading={state === "saving"} disabled={state === "saved"} onClick={() => setState("saving")}>
          Save
        </Button>
        <input aria-label="Done" onChange={() => setState("saved")} />
      </section>
    );
  }
  await show(<Saving />);
  await userEvent.click(button("Save"));
  await new Promise((done) => setTimeout(done, 400));
  expect(screen.getByRole("heading", { name: "A part" })).not.toHaveFocus();
  // Not by a person, who would take the focus along.
  const field = screen.getByLabelText("Done") as HTMLInputElement;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, "x");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await focusOn(() => screen.getByRole("heading", { name: "A part" }));
});

test("whoever clicks where nothing is stays there", async () => {
  await show(<Doing />);
  button("Do it here").focus();
  await userEvent.click(document.body);
  await new Promise((done) => setTimeout(done, 400));
  document.body.append(document.createElement("i"));
  await new Promise((done) => setTimeout(done, 400));
  expect(document.body).toHaveFocus();
});

test("a row that goes after the panel it opened leaves the focus on the heading; one that is scrolled away does not", async () => {
  function List() {
    const [shown, setShown] = useState(["first", "second"]);
    const hide = (row: string) => setShown((rows) => rows.filter((one) => one !== row));
    return (
      <>
        <PageHeader title="A page" />
        <table>
          <tbody>
            {shown.map((row) => (
              <tr key={row} data-index={0}>
                <td>
                  <button
                    type="button"
                    onClick={() => setTimeout(() => hide(row), 100)}
                    onKeyUp={() => hide(row)}
                  >
                    {row}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <div role="dialog" aria-label="A panel">
          <button type="button">in the panel</button>
        </div>
      </>
    );
  }
  await show(<List />);
  button("first").focus();
  await userEvent.keyboard("x");
  await new Promise((done) => setTimeout(done, 400));
  expect(document.body).toHaveFocus();
  await userEvent.click(button("second"));
  button("in the panel").focus();
  button("second").focus();
  await focusOn(() => screen.getByRole("heading", { name: "A page" }));
});
