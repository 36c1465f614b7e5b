import { Checkbox, NativeSelect } from "@mantine/core";
import { Fragment, type MouseEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./data-table.module.css";
import { useRowsInSight } from "./in-sight";
import { type TableProps, useRangeSelection } from "./table";
import { Words } from "./words";

/** From here on cards out of sight are left out of the page. */
const MANY = 60;

/** The rows as cards, for windows too narrow for a table. */
export function Cards<Row>({
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
  const list = useRef<HTMLUListElement>(null);
  const select = useRangeSelection(rows, rowId, selection);
  const { first, end, above, below, measure } = useRowsInSight({
    count: rows.length,
    most: MANY,
    height: 104,
    gap: 8,
    box: list,
  });

  const title = columns.find(({ card }) => card === "title");
  const beside = columns.filter(({ card }) => card === "beside");
  const lines = columns.filter(({ card = "line" }) => card === "line");
  const sortable = columns.filter((column) => column.sortable);

  return (
    <>
      {onSort && sortable.length > 0 && (
        <NativeSelect
          label={t("ui.table.sort")}
          value={sort ?? ""}
          onChange={(event) => onSort(event.currentTarget.value || undefined)}
          data={[
            { value: "", label: t("ui.table.sortNone") },
            ...sortable.flatMap(({ id, header }) => [
              { value: id, label: `${header} ↑` },
              { value: `-${id}`, label: `${header} ↓` },
            ]),
          ]}
        />
      )}
      {/* The space of cards out of sight is padding: a list holds items alone. */}
      <ul
        className={classes.cards}
        aria-label={label}
        ref={list}
        style={{ paddingTop: above, paddingBottom: below }}
      >
        {rows.slice(first, end).map((row, offset) => {
          const id = rowId(row);
          const selected = selection?.has(id) ?? false;
          return (
            <li
              key={id}
              className={classes.card}
              data-index={first + offset}
              ref={measure}
              data-selected={selected || undefined}
              data-current={current === id || undefined}
            >
              <div className={classes.cardHead}>
                {selection && (
                  <Checkbox
                    aria-label={t("ui.table.select", { name: rowName(row) })}
                    checked={selected}
                    onChange={() => {}}
                    onClick={(event: MouseEvent<HTMLInputElement>) =>
                      select(first + offset, event.currentTarget.checked, event.shiftKey)
                    }
                  />
                )}
                <div className={`${classes.cardTitle} ${classes.name}`} title={rowName(row)}>
                  {title?.cell(row)}
                </div>
                {beside.map((column) => (
                  <Fragment key={column.id}>{column.cell(row)}</Fragment>
                ))}
              </div>
              <Lines row={row} columns={lines} />
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** What a card says below its title; a column that has nothing to say of a row is left out. */
function Lines<Row>({ row, columns }: { row: Row; columns: TableProps<Row>["columns"] }) {
  const filled = columns
    .map((column) => ({ column, content: column.cell(row) }))
    .filter(({ content }) => content);
  if (filled.length === 0) return null;
  return (
    <dl className={classes.lines}>
      {filled.map(({ column, content }) => (
        <Fragment key={column.id}>
          <dt>{column.header}</dt>
          <dd>
            <Words>{content}</Words>
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
