import { useInfiniteQuery } from "@tanstack/react-query";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { Failure } from "@/api/failure";
import { pages } from "@/api/queries/pages";
import { show } from "@/test/app";
import { type Column, nextSort } from "./column";
import { DataTable } from "./data-table";
import { useSelection } from "./selection";
import { SelectionBar } from "./selection-bar";

interface Row {
  id: number;
  name: string;
}

const rows = (from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, n) => ({ id: from + n, name: `Row ${from + n}` }));

const columns: Column<Row>[] = [
  {
    id: "name",
    header: "Name",
    cell: (row) => <a href={`#${row.id}`}>{row.name}</a>,
    sortable: true,
    card: "title",
  },
  { id: "id", header: "Number", cell: (row) => row.id, align: "right" },
];

type Load = Parameters<typeof pages<Row>>[2];

function Sample({ load, total }: { load: Load; total?: number }) {
  const list = useInfiniteQuery({ ...pages<Row>("clients", ["sample"], load), retry: false });
  const selection = useSelection({});
  const [sort, setSort] = useState<string | undefined>();
  return (
    <>
      <DataTable
        label="Rows"
        list={list}
        columns={columns}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        sort={sort}
        onSort={setSort}
        selection={selection}
        total={total}
        empty={<p>Nothing here</p>}
      />
      <SelectionBar selection={selection} total={total}>
        <output aria-label="chosen">
          {JSON.stringify(selection.value, (_, v) => (v instanceof Set ? [...v] : v))}
        </output>
      </SelectionBar>
    </>
  );
}

const once =
  (count: number): Load =>
  async () => ({ data: { items: rows(1, count), next_cursor: null } });
const chosen = () => screen.getByLabelText("chosen").textContent;
const box = (name: string) => screen.getByRole("checkbox", { name });

test("an empty list says so", async () => {
  await show(<Sample load={once(0)} />);
  await screen.findByText("Nothing here");
});

test("a list that cannot be had is tried again", async () => {
  const load = vi.fn(once(1)).mockRejectedValueOnce(new Failure({ status: 503 }));
  await show(<Sample load={load} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("The list could not be loaded");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByRole("link", { name: "Row 1" });
});

test("more rows come after those that are there", async () => {
  const load: Load = async ({ cursor }) =>
    cursor
      ? { data: { items: rows(3, 1), next_cursor: null } }
      : { data: { items: rows(1, 2), next_cursor: "next" } };
  await show(<Sample load={load} total={3} />);
  await screen.findByText("2 of 3 rows shown");
  await userEvent.click(screen.getByRole("button", { name: "Load more" }));
  await screen.findByText("3 of 3 rows shown");
  expect(screen.queryByRole("button", { name: "Load more" })).not.toBeInTheDocument();
});

test("a header sorts, the other way round, and not at all", async () => {
  expect(nextSort(undefined, "name")).toBe("name");
  await show(<Sample load={once(1)} />);
  const header = await screen.findByRole("columnheader", { name: "Name" });
  for (const order of ["ascending", "descending", "none"]) {
    await userEvent.click(within(header).getByRole("button"));
    expect(header).toHaveAttribute("aria-sort", order);
  }
  expect(screen.getByRole("columnheader", { name: "Number" })).not.toHaveAttribute("aria-sort");
});

test("rows, a range of them, those shown and all that there are can be selected", async () => {
  const user = userEvent.setup();
  await show(<Sample load={once(5)} total={1234} />);
  await screen.findByRole("link", { name: "Row 1" });
  expect(screen.queryByRole("region", { name: "Selected rows" })).not.toBeInTheDocument();
  await user.click(box("Select Row 2"));
  expect(chosen()).toBe('{"all":false,"ids":[2]}');
  await user.keyboard("{Shift>}");
  await user.click(box("Select Row 4"));
  await user.keyboard("{/Shift}");
  expect(chosen()).toBe('{"all":false,"ids":[2,3,4]}');
  expect(box("Select all rows shown")).toBePartiallyChecked();
  await user.click(box("Select all rows shown"));
  expect(screen.getByText("5 selected")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Select all 1,234 found" }));
  await user.click(box("Select Row 3"));
  expect(chosen()).toBe('{"all":true,"except":[3]}');
  expect(screen.getByText("1,233 selected")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Clear the selection" }));
  expect(box("Select Row 1")).not.toBeChecked();
});

test("the arrows go from row to row in the same column", async () => {
  const user = userEvent.setup();
  await show(<Sample load={once(2)} />);
  (await screen.findByRole("link", { name: "Row 1" })).focus();
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("link", { name: "Row 2" })).toHaveFocus();
  await user.keyboard("{ArrowDown}{ArrowUp}");
  expect(screen.getByRole("link", { name: "Row 1" })).toHaveFocus();
});

test("of very many rows only those in sight are in the page", async () => {
  await show(<Sample load={once(5000)} />);
  await screen.findByRole("link", { name: "Row 1" });
  expect(screen.getAllByRole("row").length).toBeLessThan(200);
  expect(screen.getByRole("table", { name: "Rows" })).toHaveAttribute("aria-rowcount", "5001");
});

test("on a phone rows are cards with what the columns say", async () => {
  vi.spyOn(window, "matchMedia").mockImplementation(
    (query) => ({ matches: true, media: query, addEventListener() {}, removeEventListener() {} }) as never,
  );
  const user = userEvent.setup();
  await show(<Sample load={once(2)} />);
  const cards = within(await screen.findByRole("list", { name: "Rows" }));
  expect(cards.getAllByRole("listitem")).toHaveLength(2);
  expect(cards.getAllByText("Number")).toHaveLength(2);
  await user.selectOptions(screen.getByLabelText("Order"), "-name");
  expect(screen.getByLabelText("Order")).toHaveValue("-name");
});
