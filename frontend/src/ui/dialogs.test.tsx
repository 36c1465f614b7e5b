import { useForm } from "@mantine/form";
import { Link } from "@tanstack/react-router";
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { Failure } from "@/api/failure";
import type { Versioned } from "@/api/versioned";
import { show } from "@/test/app";
import { ConfirmDialog } from "./confirm-dialog";
import { EditConflict } from "./edit-conflict";
import { fieldAt } from "./form-submit";
import { UnsavedGuard } from "./unsaved-guard";
import { useEdit } from "./use-edit";

const button = (name: string) => screen.getByRole("button", { name });

function Asking({ act, typed }: { act: () => Promise<unknown>; typed?: string }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpened(true)}>
        Delete…
      </button>
      <ConfirmDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title="Delete 412 clients?"
        act="Delete them"
        onConfirm={act}
        {...(typed && { typed })}
      >
        412 clients will be deleted.
      </ConfirmDialog>
    </>
  );
}

test("an act is asked about; the safe answer has the focus, and a failure stands in the dialog", async () => {
  const act = vi.fn().mockRejectedValueOnce(new Failure({ status: 409, detail: "It is in use." }));
  await show(<Asking act={act} />);
  await userEvent.click(button("Delete…"));
  await screen.findByRole("dialog", { name: "Delete 412 clients?" });
  await waitFor(() => expect(button("Cancel")).toHaveFocus());
  await userEvent.click(button("Delete them"));
  expect(await screen.findByRole("alert")).toHaveTextContent("It is in use.");
  await userEvent.click(button("Delete them"));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(act).toHaveBeenCalledTimes(2);
});

test("two clicks at once act once", async () => {
  const acted = vi.fn(() => new Promise(() => {}));
  await show(<Asking act={acted} />);
  await userEvent.click(button("Delete…"));
  const confirm = await screen.findByRole("button", { name: "Delete them" });
  await act(async () => {
    confirm.click();
    confirm.click();
  });
  expect(acted).toHaveBeenCalledOnce();
});

test("what concerns much has to be typed", async () => {
  const act = vi.fn();
  await show(<Asking act={act} typed="412" />);
  await userEvent.click(button("Delete…"));
  await userEvent.type(await screen.findByLabelText("To go on, type: 412"), "41{Enter}");
  expect(button("Delete them")).toBeDisabled();
  expect(act).not.toHaveBeenCalled();
  await userEvent.type(screen.getByLabelText("To go on, type: 412"), "2{Enter}");
  await waitFor(() => expect(act).toHaveBeenCalledOnce());
});

test("leaving with unsaved edits asks, and staying stays", async () => {
  await show(
    <>
      <UnsavedGuard dirty />
      <Link to="/mailings">Away</Link>
    </>,
  );
  await userEvent.click(screen.getByRole("link", { name: "Away" }));
  await screen.findByRole("dialog", { name: "Leave without saving?" });
  await userEvent.click(button("Cancel"));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(screen.getByRole("link", { name: "Away" })).toBeInTheDocument();
});

interface Note {
  text: string;
  more: string;
}

function Editing({
  save,
}: {
  save: (values: Note & Record<string, unknown>, etag?: string) => Promise<Versioned<Note>>;
}) {
  const form = useForm<Note & Record<string, unknown>>({ initialValues: { text: "mine", more: "same" } });
  const [saved, setSaved] = useState("");
  const edit = useEdit({
    form,
    base: { value: { text: "old", more: "same" }, etag: '"1"' },
    toValues: (note) => ({ ...note }),
    save,
    reread: async () => ({ value: { text: "theirs", more: "same" }, etag: '"2"' }),
    onSaved: ({ etag }) => setSaved(etag),
    describe: { text: { label: "Text", words: String }, more: { label: "More", words: String } },
  });
  return (
    <form onSubmit={edit.onSubmit}>
      <input aria-label="Text" {...form.getInputProps("text")} />
      <button type="submit">Save</button>
      <output>{saved}</output>
      <EditConflict {...edit.conflict} />
    </form>
  );
}

function staleOnce() {
  return vi
    .fn(async (value: Note & Record<string, unknown>) => ({ value, etag: '"3"' }))
    .mockRejectedValueOnce(new Failure({ status: 412 }));
}

test("a stale save shows what was changed meanwhile and can go over it", async () => {
  const save = staleOnce();
  await show(<Editing save={save} />);
  await userEvent.click(button("Save"));
  const dialog = await screen.findByRole("dialog", { name: "Somebody else changed this meanwhile" });
  expect(dialog).toHaveTextContent(/Texttheirsmine/);
  expect(dialog).not.toHaveTextContent("same");
  await userEvent.click(button("Save mine over it"));
  await screen.findByText('"3"');
  expect(save.mock.calls.map((call) => (call as unknown[])[1])).toEqual(['"1"', '"2"']);
  expect(screen.getByLabelText("Text")).toHaveValue("mine");
});

test("a stale save can take what is saved", async () => {
  const save = staleOnce();
  await show(<Editing save={save} />);
  await userEvent.click(button("Save"));
  await userEvent.click(await screen.findByRole("button", { name: "Take what is saved" }));
  expect(screen.getByLabelText("Text")).toHaveValue("theirs");
  await userEvent.click(button("Save"));
  await screen.findByText('"3"');
  expect((save.mock.calls.at(-1) as unknown[])[1]).toBe('"2"');
});

test.each([
  ["email", "email"],
  ["audience.client_ids.3", "audience.client_ids"],
  ["audience.tags", "audience"],
  ["timezone", undefined],
])("what the API says of %s is shown at %s", (field, at) => {
  expect(fieldAt({ email: "", audience: { client_ids: [] as number[] } }, field)).toBe(at);
});
