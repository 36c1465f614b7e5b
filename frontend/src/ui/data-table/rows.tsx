import { Checkbox, Table, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import { type KeyboardEvent, type MouseEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ariaSort, type Column, nextSort } from "./column";
import classes from "./data-table.module.css";
import { useRowsInSight } from "./in-sight";
import { type TableProps, useRangeSelection } from "./table";
import { Words } from "./words";

/** From here on rows out of sight are left out of the page. */
const MANY = 100;
const ROW_HEIGHT = 49;

/** The rows as a table. Up and Down go to the same control of the next row. */
export function Rows<Row>({
  rows,
  label,
  columns,
  rowId,
  rowName,
  sort,
  onSort,
  selection,
  current,
}: TableProps<Row> & { rows: Row[] }) {
  const { t } = useTranslation();
  const body = useRef<HTMLTableSectionElement>(null);
  const select = useRangeSelection(rows, rowId, selection);
  const { first, end, above, below, measure } = useRowsInSight({
    count: rows.length,
    most: MANY,
    height: ROW_HEIGHT,
    box: body,
  });
  const width = columns.length + (selection ? 1 : 0);

  const loaded = rows.map(rowId);
  const chosen = selection ? loaded.filter(selection.has).length : 0;

  return (
    <Table
      className={classes.table}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      verticalSpacing="sm"
      highlightOnHover
      stickyHeader
      stickyHeaderOffset={56}
    >
      <Table.Thead className={classes.head}>
        <Table.Tr>
          {selection && (
            <Table.Th className={classes.check}>
              <Checkbox
                size="sm"
                aria-label={t("ui.table.selectShown")}
                checked={chosen === rows.length}
                indeterminate={chosen > 0 && chosen < rows.length}
                onChange={(event) => selection.set(loaded, event.currentTarget.checked)}
              />
            </Table.Th>
          )}
          {columns.map((column) => (
            <HeadCell key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody ref={body} onKeyDown={followArrows}>
        {above > 0 && <Gap height={above} width={width} />}
        {rows.slice(first, end).map((row, offset) => {
          const id = rowId(row);
          const selected = selection?.has(id) ?? false;
          return (
            <Table.Tr
              key={id}
              className={classes.row}
              aria-rowindex={first + offset + 2}
              data-index={first + offset}
              ref={measure}
              data-selected={selected || undefined}
              data-current={current === id || undefined}
            >
              {selection && (
                <Table.Td>
                  <Checkbox
                    size="sm"
                    aria-label={t("ui.table.select", { name: rowName(row) })}
                    checked={selected}
                    onChange={() => {}}
                    onClick={(event: MouseEvent<HTMLInputElement>) =>
                      select(first + offset, event.currentTarget.checked, event.shiftKey)
                    }
                  />
                </Table.Td>
              )}
              {columns.map((column) => (
                <Table.Td
                  key={column.id}
                  visibleFrom={column.from}
                  className={`${classes.cell} ${column.align === "right" ? classes.right : ""} ${column.card === "title" ? classes.name : ""}`}
                  {...(column.card === "title" && { title: rowName(row) })}
                >
                  <Words>{column.cell(row)}</Words>
                </Table.Td>
              ))}
            </Table.Tr>
          );
        })}
        {below > 0 && <Gap height={below} width={width} />}
      </Table.Tbody>
    </Table>
  );
}

/** Stands for the rows that are not in the page. */
function Gap({ height, width }: { height: number; width: number }) {
  return (
    <tr aria-hidden style={{ height, border: 0 }}>
      <td colSpan={width} />
    </tr>
  );
}

function HeadCell<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string | undefined) => void) | undefined;
}) {
  const sortable = column.sortable && onSort;
  const order = ariaSort(sort, column.id);
  const Arrow = { ascending: IconArrowUp, descending: IconArrowDown, none: IconArrowsSort }[order];
  return (
    <Table.Th
      visibleFrom={column.from}
      w={column.width}
      className={column.align === "right" ? classes.right : ""}
      {...(sortable && { "aria-sort": order })}
    >
      {sortable ? (
        <UnstyledButton
          fz="inherit"
          className={classes.sort ?? ""}
          onClick={() => onSort(nextSort(sort, column.id))}
        >
          {column.header}
          <Arrow size={14} aria-hidden />
        </UnstyledButton>
      ) : (
        column.header
      )}
    </Table.Th>
  );
}

/** Moves the focus between rows, staying in the column of controls it is in. */
function followArrows(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const target = event.target as HTMLElement;
  const row = target.closest("tr");
  const other = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  if (!row || !other) return;
  const controls = (of: Element) => [...of.querySelectorAll<HTMLElement>("a[href], button, input")];
  const next = controls(other)[controls(row).indexOf(target)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
