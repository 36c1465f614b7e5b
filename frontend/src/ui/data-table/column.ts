import type { ReactNode } from "react";

export interface Column<Row> {
  /** Also the name the API sorts by, where `sortable`. */
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  sortable?: boolean;
  /** Figures stand at the right. */
  align?: "right";
  /** Of the table, as CSS has it; without one the column shares what is left. */
  width?: number | string;
  /** Narrower windows leave the column out of the table. */
  from?: "md" | "lg";
  /**
   * Its place on the card that a row is on a phone: the title (one column has it), beside the title, a line with its
   * header (what it is without this), or nowhere.
   */
  card?: "title" | "beside" | "line" | "none";
}

/** The order after the header was pressed: by it, by it from the other end, as the server has it. */
export function nextSort(current: string | undefined, id: string): string | undefined {
  if (current === id) return `-${id}`;
  return current === `-${id}` ? undefined : id;
}

export function ariaSort(current: string | undefined, id: string): "ascending" | "descending" | "none" {
  if (current === id) return "ascending";
  return current === `-${id}` ? "descending" : "none";
}
