import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { useState } from "react";
import { expect, test } from "vitest";
import { show } from "@/test/app";
import { at, server } from "@/test/server";
import { TagsField } from "./tags-field";

function Sample() {
  const [tags, setTags] = useState<string[]>([]);
  return <TagsField label="Tags" value={tags} onChange={setTags} />;
}

test("the tags there are are offered as one types, and a new one is taken too", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(at("/clients/tags"), ({ request }) => {
      const q = new URL(request.url).searchParams.get("q");
      asked.push(q);
      return HttpResponse.json({ items: ["moscow", "vip"].filter((tag) => tag.includes(q ?? "")) });
    }),
  );
  const user = userEvent.setup();
  await show(<Sample />);
  const field = screen.getByRole("combobox", { name: "Tags" });
  await user.type(field, "mosc");
  await waitFor(() => expect(asked).toContain("mosc"));
  await user.click(await screen.findByRole("option", { name: "moscow" }));
  expect(screen.getByText("moscow")).toBeInTheDocument();
  // What is offered next does not stand over the buttons below.
  await waitFor(() => expect(field).toHaveAttribute("aria-expanded", "false"));
  await user.type(field, "v");
  expect(await screen.findByRole("option", { name: "vip" })).toBeVisible();
  await user.type(field, "{Backspace}spring{Enter}");
  expect(screen.getByText("spring")).toBeInTheDocument();
  expect(field).toHaveAttribute("aria-expanded", "false");
});
