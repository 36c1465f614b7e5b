import { useState } from "react";

/** Some rows by their ids, or all that the filter finds but a few. */
export type Selected = { all: false; ids: ReadonlySet<number> } | { all: true; except: ReadonlySet<number> };

const NONE: Selected = { all: false, ids: new Set() };

export interface Selection {
  value: Selected;
  has: (id: number) => boolean;
  /** Selects or leaves the rows. */
  set: (ids: readonly number[], on: boolean) => void;
  /** Selects all that the filter finds, also those that were not loaded. */
  setAll: () => void;
  clear: () => void;
  /** How many are selected, given how many the filter finds. */
  count: (total: number | undefined) => number | undefined;
}

/** The rows of a table that are selected. Another filter is another selection: nothing unseen stays selected. */
export function useSelection(filter: object): Selection {
  const key = JSON.stringify(filter);
  const [state, setState] = useState({ key, value: NONE });
  const value = state.key === key ? state.value : NONE;
  const keep = (next: Selected) => setState({ key, value: next });

  return {
    value,
    has: (id) => (value.all ? !value.except.has(id) : value.ids.has(id)),
    set: (ids, on) => {
      const set = new Set(value.all ? value.except : value.ids);
      for (const id of ids) {
        if (on === value.all) set.delete(id);
        else set.add(id);
      }
      keep(value.all ? { all: true, except: set } : { all: false, ids: set });
    },
    setAll: () => keep({ all: true, except: new Set() }),
    clear: () => keep(NONE),
    count: (total) => {
      if (!value.all) return value.ids.size;
      return total === undefined ? undefined : Math.max(0, total - value.except.size);
    },
  };
}
