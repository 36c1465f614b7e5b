import { useRef } from "react";
import type { Column } from "./column";
import type { Selection } from "./selection";

/** What the table and the cards are both told. */
export interface TableProps<Row> {
  /** Names the table for those who listen. */
  label: string;
  columns: Column<Row>[];
  rowId: (row: Row) => number;
  /** Names a row on its checkbox. */
  rowName: (row: Row) => string;
  /** The order as the API names it, from the address; undefined is the server's own. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  /** Rows can be selected when it is given. */
  selection?: Selection | undefined;
  /** The row that is open beside the table. */
  current?: number | undefined;
}

/** Selects a row, or with Shift all from the one that was selected last. */
export function useRangeSelection<Row>(
  rows: Row[],
  rowId: (row: Row) => number,
  selection: Selection | undefined,
) {
  const last = useRef<number | null>(null);
  return (index: number, on: boolean, shift: boolean) => {
    const from = shift && last.current !== null ? last.current : index;
    const range = rows.slice(Math.min(from, index), Math.max(from, index) + 1);
    selection?.set(range.map(rowId), on);
    last.current = index;
  };
}
