import { Button, Group, NativeSelect, Stack, Text, Title } from "@mantine/core";
import { IconUserSearch, IconUsers, IconX } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { given } from "@/api/queries/pages";
import { deliveries } from "@/api/queries/reports";
import { DELIVERY_STATES, type DeliveryState, type Report } from "@/api/types";
import { CsvButton } from "@/ui/csv-button";
import { DataTable } from "@/ui/data-table/data-table";
import { useSelection } from "@/ui/data-table/selection";
import { SelectionBar } from "@/ui/data-table/selection-bar";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { place } from "@/ui/place";
import { useDeliveryColumns } from "./delivery-columns";
import classes from "./report.module.css";
import { ResolveButtons } from "./resolve-buttons";
import { useMayChange } from "./use-may-change";

const route = getRouteApi("/app/reports/$runId");

/** The recipients of a run, by what became of their mail; doubts can be selected and settled. */
export function RunDeliveries({ report, live }: { report: Report; live: boolean }) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const runId = report.run_id;
  const { client, ...filter } = search;
  const list = useInfiniteQuery({
    ...deliveries(runId, filter),
    // Only the first page: to read many again would cost as many requests.
    refetchInterval: ({ state }) => (live && (state.data?.pages.length ?? 0) <= 1 ? 5_000 : false),
  });
  const total = list.data?.pages[0]?.total;
  const columns = useDeliveryColumns();
  const selection = useSelection({ runId, ...filter });
  const resolvable = useMayChange(report) && filter.state === "in_doubt";

  const set = (part: Partial<typeof search>) =>
    navigate({
      search: (before) => ({ ...before, client: undefined, ...part }),
      replace: true,
      resetScroll: false,
    });
  const byAnswer = filter.code !== undefined || filter.enhanced || filter.answer;
  const noAnswer = { code: undefined, enhanced: undefined, answer: undefined };
  const filtered = Boolean(filter.state || filter.q || byAnswer);
  const clear = () => set({ state: undefined, q: undefined, ...noAnswer });

  return (
    <Stack component="section" gap={0} aria-labelledby="recipients">
      <Group justify="space-between" mb="sm">
        <Title id="recipients" order={2} size="h4" className={classes.anchor ?? ""}>
          {t("reports.deliveries.title")}
        </Title>
        <Group gap="xs" className="no-print">
          <CsvButton
            path={`/reports/${runId}/deliveries`}
            query={given(filter)}
            label={t(filtered ? "reports.deliveries.csvFound" : "reports.deliveries.csv")}
          />
          <CsvButton
            path={`/reports/${runId}/attempts`}
            query={given({ q: filter.q })}
            label={
              filter.q
                ? t("reports.deliveries.attemptsCsvOf", { text: filter.q })
                : t("reports.deliveries.attemptsCsv")
            }
          />
        </Group>
      </Group>
      <div className="no-print">
        <FilterBar onClear={filtered ? clear : undefined}>
          <SearchField
            label={t("reports.deliveries.search")}
            value={filter.q ?? ""}
            onSearch={(q) => set({ q: q || undefined })}
          />
          <NativeSelect
            label={t("reports.deliveries.state")}
            value={filter.state ?? ""}
            onChange={(event) =>
              set({ state: (event.currentTarget.value as DeliveryState) || undefined, ...noAnswer })
            }
            data={[
              { value: "", label: t("reports.deliveries.allStates") },
              ...DELIVERY_STATES.map((value) => ({ value, label: t(`state.delivery.${value}`) })),
            ]}
          />
        </FilterBar>
      </div>
      {byAnswer && (
        <Group gap="xs" mb="md">
          <Text size="sm">{t("reports.deliveries.by")}</Text>
          <Button
            variant="default"
            size="compact-sm"
            rightSection={<IconX size={14} aria-hidden />}
            aria-label={t("reports.deliveries.byRemove")}
            onClick={() => set(noAnswer)}
          >
            {[filter.code || "", filter.enhanced, filter.answer].filter(Boolean).join(" ") ||
              t("smtp.silence")}
          </Button>
        </Group>
      )}
      {resolvable && (
        <Text size="sm" c="dimmed" mb="sm">
          {t("reports.resolve.hint")}
        </Text>
      )}
      <DataTable
        label={t("reports.deliveries.title")}
        list={list}
        total={total}
        columns={columns}
        rowId={(row) => row.id}
        rowName={(row) => row.email}
        selection={resolvable ? selection : undefined}
        empty={filtered ? <NoneFound onClear={clear} /> : <NoneYet report={report} />}
      />
      {resolvable && (
        <SelectionBar selection={selection} total={total}>
          <ResolveButtons
            runId={runId}
            selected={selection.value}
            count={selection.count(total)}
            countedAt={list.dataUpdatedAt}
            filter={filter}
            onDone={selection.clear}
          />
        </SelectionBar>
      )}
    </Stack>
  );
}

function NoneFound({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconUserSearch}
      title={t("reports.deliveries.none.title")}
      text={t("reports.deliveries.none.text")}
    >
      <Button variant="default" onClick={onClear}>
        {t("reports.deliveries.none.clear")}
      </Button>
    </EmptyState>
  );
}

function NoneYet({ report }: { report: Report }) {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconUsers}
      title={t("reports.deliveries.noneYet.title")}
      text={t(
        report.status === "missed" ? "reports.deliveries.noneYet.missed" : "reports.deliveries.noneYet.text",
      )}
    >
      <Button
        variant="default"
        renderRoot={(props) => <Link {...props} {...place(`/mailings/${report.mailing_id}`)} />}
      >
        {t("reports.deliveries.noneYet.next")}
      </Button>
    </EmptyState>
  );
}
