import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useState } from "react";

interface InSight {
  /** The rows to put into the page: from `first` up to, not including, `end`. */
  first: number;
  end: number;
  /** The height of those left out above and below, in pixels. */
  above: number;
  below: number;
  /** The ref of each row, which measures it; undefined when all are in the page. */
  measure: ((row: Element | null) => void) | undefined;
}

interface Options {
  count: number;
  /** Up to so many rows all are in the page, where the browser's own search finds them. */
  most: number;
  /** How high a row is before it was measured, with the gap below it, in pixels. */
  height: number;
  gap?: number;
  /** What holds the rows; its place on the page is where they begin. */
  box: RefObject<HTMLElement | null>;
}

/** Which rows of a long list are in sight, or near enough to be scrolled to. */
export function useRowsInSight({ count, most, height, gap = 0, box }: Options): InSight {
  const many = count > most;
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    if (many && box.current) setMargin(Math.round(box.current.getBoundingClientRect().top + window.scrollY));
  }, [many, box]);

  const virtual = useWindowVirtualizer({
    count,
    enabled: many,
    estimateSize: () => height,
    // A row without a layout, in a page that is hidden, has no height to measure.
    measureElement: (row) => row.getBoundingClientRect().height || height,
    gap,
    overscan: 20,
    scrollMargin: margin,
  });
  if (!many) return { first: 0, end: count, above: 0, below: 0, measure: undefined };
  const seen = virtual.getVirtualItems();
  const first = seen[0];
  const last = seen.at(-1);
  if (!first || !last) return { first: 0, end: most, above: 0, below: 0, measure: virtual.measureElement };
  return {
    first: first.index,
    end: last.index + 1,
    above: first.start - margin,
    below: Math.max(0, virtual.getTotalSize() - (last.end - margin)),
    measure: virtual.measureElement,
  };
}
