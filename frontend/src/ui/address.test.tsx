import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { show } from "@/test/app";
import { Address } from "./address";

const LONG = `${"a".repeat(64)}@${"b".repeat(50)}.example.org`;

test("an address is whole to those who listen, and may go on in the next line only at its @", async () => {
  await show(<Address>{LONG}</Address>);
  const address = screen.getByText(LONG);
  expect(address).toHaveAttribute("title", LONG);
  const parts = [...address.childNodes].map((node) => node.textContent || node.nodeName);
  expect(parts).toEqual(["a".repeat(64), "WBR", LONG.slice(64)]);
  // There is room: nothing to be shown by focusing it.
  expect(address).not.toHaveAttribute("tabindex");
});

test("what is cut can be focused to see the rest, unless it stands in what has the focus anyway", async () => {
  vi.spyOn(HTMLElement.prototype, "scrollWidth", "get").mockReturnValue(900);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(200);
  await show(
    <>
      <Address>{LONG}</Address>
      <a href="/clients">
        <Address inControl>{`c${LONG}`}</Address>
      </a>
    </>,
  );
  const user = userEvent.setup();
  await user.tab();
  expect(screen.getByText(LONG)).toHaveFocus();
  await user.tab();
  expect(screen.getByRole("link", { name: `c${LONG}` })).toHaveFocus();
  expect(screen.getByText(`c${LONG}`)).not.toHaveAttribute("tabindex");
});
