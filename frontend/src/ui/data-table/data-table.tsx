import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Page, rowsOf } from "@/api/queries/pages";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "../failure-alert";
import { Cards } from "./cards";
import { Rows } from "./rows";
import type { TableProps } from "./table";

interface Props<Row> extends TableProps<Row> {
  list: UseInfiniteQueryResult<InfiniteData<Page<Row>>>;
  /** How many rows the filter finds, where that is known. */
  total?: number | undefined;
  /** Stands where rows would be; an EmptyState that names the next step. */
  empty: ReactNode;
}

/** What a list shows of itself while it loads. */
const SKELETON = ["62%", "48%", "70%", "55%", "66%", "44%", "58%"];

/**
 * A list of the API as a table, on a phone as cards: it loads, is empty, fails in words, sorts at the server, and
 * goes on where it ended. Any number of rows stays quick: those out of sight are not in the page.
 */
export function DataTable<Row>({ list, total, empty, ...table }: Props<Row>) {
  const { t } = useTranslation();
  const format = useFormat();

  if (list.isPending) {
    return (
      <div role="status" aria-label={t("ui.table.loading", { list: table.label })}>
        {SKELETON.map((width) => (
          <Skeleton key={width} height={16} width={width} my={24} />
        ))}
      </div>
    );
  }
  if (!list.data) {
    return (
      <FailureAlert
        error={list.error}
        title={t("ui.table.failed")}
        retry={() => void list.refetch()}
        retrying={list.isFetching}
      />
    );
  }
  const rows = rowsOf(list.data);
  if (rows.length === 0) return empty;

  const shown = {
    shown: format.number(rows.length),
    total: format.number(total ?? 0),
    count: total ?? rows.length,
  };
  return (
    <Stack gap="md">
      {list.isRefetchError && (
        <FailureAlert error={list.error} retry={() => void list.refetch()} retrying={list.isRefetching} />
      )}
      <RowsOrCards rows={rows} {...table} />
      {list.isFetchNextPageError && <FailureAlert error={list.error} title={t("ui.table.moreFailed")} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status" className="tabular">
          {total === undefined
            ? t(list.hasNextPage ? "ui.table.shownMore" : "ui.table.shown", shown)
            : t("ui.table.shownOf", shown)}
        </Text>
        {list.hasNextPage && (
          <Button
            variant="default"
            onClick={() => void list.fetchNextPage()}
            loading={list.isFetchingNextPage}
          >
            {t("ui.table.more")}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Rows that are there whole: a table, on a phone cards. */
export function RowsOrCards<Row>(table: TableProps<Row> & { rows: Row[] }) {
  const phone = useMediaQuery("(max-width: 47.99em)", false, { getInitialValueInEffect: false });
  const Shape = phone ? Cards : Rows;
  return <Shape {...table} />;
}
