import { Button, NativeSelect, Skeleton, TextInput } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type AuditFilter, auditEvent, auditEvents } from "@/api/queries/audit";
import { given, rowsOf } from "@/api/queries/pages";
import { AUDIT_ACTIONS, type AuditAction } from "@/api/types";
import { startOfDay } from "@/format/day";
import { useFormat } from "@/format/use-format";
import { CsvButton } from "@/ui/csv-button";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FailureAlert } from "@/ui/failure-alert";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { useAuditColumns } from "./audit-columns";
import { useAuditWords } from "./audit-words";
import { EventPanel } from "./event-panel";

const route = getRouteApi("/app/admin/audit");

/** Who did what, when and from where. Nothing here can be changed, by nobody. */
export function AuditPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useAuditWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter: AuditFilter = {
    q: search.q,
    action: search.action,
    actor_id: search.actor_id,
    object: search.object,
    from: search.from && startOfDay(search.from, format.zone),
    to: search.to && startOfDay(search.to, format.zone, 1),
  };
  const list = useInfiniteQuery(auditEvents(filter));
  const rows = rowsOf(list.data);

  const set = (part: Partial<typeof search>, replace = true) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const { q, action, actor_id, object, from, to } = search;
  const filtered = Boolean(q || action || actor_id || object || from || to);
  const clear = () =>
    set({
      q: undefined,
      action: undefined,
      actor_id: undefined,
      object: undefined,
      from: undefined,
      to: undefined,
    });
  const actor = rows.find((row) => row.actor_id === actor_id)?.actor_email;
  const named = rows.find((row) => `${row.object_type}:${row.object_id}` === object);

  return (
    <>
      <PageHeader
        title={t("audit.title")}
        lead={t("audit.lead", { zone: format.zone })}
        action={<CsvButton path="/audit" query={given(filter)} />}
      />
      <FilterBar onClear={filtered ? clear : undefined}>
        <SearchField
          label={t("audit.search")}
          value={q ?? ""}
          onSearch={(text) => set({ q: text || undefined })}
        />
        <NativeSelect
          label={t("audit.action")}
          value={action ?? ""}
          onChange={(event) => set({ action: (event.currentTarget.value as AuditAction) || undefined })}
          data={[
            { value: "", label: t("audit.any") },
            ...AUDIT_ACTIONS.map((value) => ({ value, label: words.action(value) })),
          ]}
          maw={260}
        />
        {actor_id && (
          <NativeSelect
            label={t("audit.actor")}
            value={String(actor_id)}
            onChange={() => set({ actor_id: undefined })}
            data={[
              { value: "", label: t("audit.any") },
              { value: String(actor_id), label: actor || `№ ${actor_id}` },
            ]}
            maw={260}
          />
        )}
        {object && (
          <NativeSelect
            label={t("audit.object")}
            value={object}
            onChange={() => set({ object: undefined })}
            data={[
              { value: "", label: t("audit.any") },
              { value: object, label: named?.object_name || object },
            ]}
            maw={260}
          />
        )}
        <TextInput
          type="date"
          label={t("audit.from")}
          value={from ?? ""}
          max={to}
          onChange={(event) => set({ from: event.currentTarget.value || undefined })}
        />
        <TextInput
          type="date"
          label={t("audit.to")}
          value={to ?? ""}
          min={from}
          onChange={(event) => set({ to: event.currentTarget.value || undefined })}
        />
      </FilterBar>
      <DataTable
        label={t("audit.title")}
        list={list}
        columns={useAuditColumns()}
        rowId={(row) => row.id}
        rowName={(row) => words.action(row.action)}
        current={search.open}
        empty={
          <EmptyState icon={IconHistory} title={t("audit.none.title")} text={t("audit.none.text")}>
            <Button variant="default" onClick={clear}>
              {t("ui.filter.clear")}
            </Button>
          </EmptyState>
        }
      />
      <OpenEvent id={search.open} onClose={() => set({ open: undefined }, false)} />
    </>
  );
}

function OpenEvent({ id, onClose }: { id: number | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const words = useAuditWords();
  const { data, error, isFetching, refetch } = useQuery({
    ...auditEvent(id ?? 0),
    enabled: id !== undefined,
  });
  return (
    <SidePanel
      opened={id !== undefined}
      onClose={onClose}
      title={data ? words.action(data.action) : t("audit.one")}
    >
      {data ? (
        <EventPanel event={data} />
      ) : error ? (
        <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />
      ) : (
        <div role="status" aria-label={t("audit.loadingOne")}>
          {["60%", "80%", "45%"].map((width) => (
            <Skeleton key={width} height={16} width={width} my="md" />
          ))}
        </div>
      )}
    </SidePanel>
  );
}
