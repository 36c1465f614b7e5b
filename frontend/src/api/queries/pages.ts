import { type InfiniteData, infiniteQueryOptions } from "@tanstack/react-query";
import type { Noun } from "./keys";

/** A page of any list of the API. */
export interface Page<Row> {
  items: Row[];
  next_cursor: string | null;
  total?: number;
}

interface Paging {
  limit: number;
  cursor?: string;
}

/** Rows a request; what a screen shows at first and what "load more" adds. */
const PAGE = 50;

/**
 * A list of the API page by page. `load` makes the call with the paging it is given among its query parameters;
 * the key is the noun, "list" and the filter, so that another filter is another list.
 */
export function pages<Row>(
  noun: Noun,
  filter: readonly unknown[],
  load: (paging: Paging, signal: AbortSignal) => Promise<{ data?: Page<Row> | undefined }>,
) {
  return infiniteQueryOptions({
    queryKey: [noun, "list", ...filter] as const,
    queryFn: async ({ pageParam, signal }): Promise<Page<Row>> => {
      const { data } = await load({ limit: PAGE, ...(pageParam && { cursor: pageParam }) }, signal);
      return data ?? { items: [], next_cursor: null };
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

/** All rows that were loaded so far. */
export function rowsOf<Row>(data: InfiniteData<Page<Row>> | undefined): Row[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

/** Takes what is not given out of a filter, so that it neither is sent nor makes another key. */
export function given<Filter extends object>(
  filter: Filter,
): { [Name in keyof Filter]?: NonNullable<Filter[Name]> } {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  ) as { [Name in keyof Filter]?: NonNullable<Filter[Name]> };
}
