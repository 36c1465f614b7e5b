import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconReportAnalytics, IconReportSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { mailings } from "@/api/queries/mailings";
import { given, rowsOf } from "@/api/queries/pages";
import { type ReportFilter, reports } from "@/api/queries/reports";
import { RUN_STATUSES, type RunStatus } from "@/api/types";
import { useLive } from "@/api/use-progress";
import { useMe } from "@/auth/use-session";
import { startOfDay } from "@/format/day";
import { useFormat } from "@/format/use-format";
import { CsvButton } from "@/ui/csv-button";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar } from "@/ui/filter-bar";
import { OwnerFilter, useOwner } from "@/ui/owner-filter";
import { PageHeader } from "@/ui/page-header";
import { useReportColumns } from "./report-columns";

const route = getRouteApi("/app/reports");

/** What became of every mail, run by run. */
export function ReportsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const { seesAll, everyones, owner_id } = useOwner("reports.view_all", search.owner);
  const poll = useLive();

  const filter: ReportFilter = {
    mailing_id: search.mailing_id,
    status: search.status,
    from: search.from && startOfDay(search.from, format.zone),
    to: search.to && startOfDay(search.to, format.zone, 1),
    owner_id,
    sort: search.sort,
  };
  const list = useInfiniteQuery({ ...reports(filter), enabled: me !== undefined, refetchInterval: poll });
  const columns = useReportColumns(everyones);

  const set = (part: Partial<typeof search>) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const { mailing_id, status, from, to } = search;
  const filtered = Boolean(mailing_id || status || from || to);
  const clear = () => set({ mailing_id: undefined, status: undefined, from: undefined, to: undefined });

  return (
    <>
      <PageHeader
        title={t("reports.title")}
        lead={t("reports.lead", { zone: format.zone })}
        action={<CsvButton path="/reports" query={given(filter)} />}
      />
      <FilterBar onClear={filtered ? clear : undefined}>
        <MailingSelect
          value={mailing_id}
          ownerId={filter.owner_id}
          onChange={(id) => set({ mailing_id: id })}
        />
        <NativeSelect
          label={t("reports.filter.status")}
          value={status ?? ""}
          onChange={(event) => set({ status: (event.currentTarget.value as RunStatus) || undefined })}
          data={[
            { value: "", label: t("reports.filter.allStatuses") },
            ...RUN_STATUSES.map((value) => ({ value, label: t(`state.run.${value}`) })),
          ]}
        />
        <TextInput
          type="date"
          label={t("reports.filter.from")}
          value={from ?? ""}
          max={to}
          onChange={(event) => set({ from: event.currentTarget.value || undefined })}
        />
        <TextInput
          type="date"
          label={t("reports.filter.to")}
          value={to ?? ""}
          min={from}
          onChange={(event) => set({ to: event.currentTarget.value || undefined })}
        />
        {seesAll && <OwnerFilter owner={search.owner} onChange={(owner) => set({ owner })} />}
      </FilterBar>
      <DataTable
        label={t("reports.title")}
        list={list}
        columns={columns}
        rowId={(row) => row.run_id}
        rowName={(row) => row.mailing_name}
        sort={search.sort}
        onSort={(sort) => set({ sort: sort as typeof search.sort })}
        empty={filtered ? <NoneFound onClear={clear} /> : <NoReports />}
      />
    </>
  );
}

interface MailingSelectProps {
  value: number | undefined;
  ownerId: number | undefined;
  onChange: (id: number | undefined) => void;
}

/** The newest mailings to choose from; one that is not among them is named by its number. */
function MailingSelect({ value, ownerId, onChange }: MailingSelectProps) {
  const { t } = useTranslation();
  const known = rowsOf(useInfiniteQuery(mailings({ owner_id: ownerId })).data);
  const options = known.map(({ id, name }) => ({ value: String(id), label: name }));
  if (value && !known.some(({ id }) => id === value))
    options.unshift({ value: String(value), label: `№ ${value}` });
  return (
    <NativeSelect
      label={t("reports.filter.mailing")}
      value={value ? String(value) : ""}
      onChange={(event) => onChange(Number(event.currentTarget.value) || undefined)}
      data={[{ value: "", label: t("reports.filter.allMailings") }, ...options]}
      maw={260}
    />
  );
}

function NoReports() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconReportAnalytics} title={t("reports.empty.title")} text={t("reports.empty.text")}>
      <Button renderRoot={(props) => <Link {...props} to="/mailings" />}>{t("reports.empty.next")}</Button>
    </EmptyState>
  );
}

function NoneFound({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconReportSearch} title={t("reports.none.title")} text={t("reports.none.text")}>
      <Button variant="default" onClick={onClear}>
        {t("reports.none.clear")}
      </Button>
    </EmptyState>
  );
}
