import { ActionIcon, Button, Group, NativeSelect } from "@mantine/core";
import { IconMailOff, IconPlus, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { given } from "@/api/queries/pages";
import { type SuppressionSort, suppressions, unsuppress } from "@/api/queries/suppressions";
import { SUPPRESSION_REASONS, type Suppression, type SuppressionReason } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { Address } from "@/ui/address";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { CsvButton } from "@/ui/csv-button";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { notify } from "@/ui/notify";
import { OwnerFilter, useOwner } from "@/ui/owner-filter";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { SuppressionForm } from "./suppression-form";

const route = getRouteApi("/app/suppressions");

/** The addresses that nothing is sent to, and why. */
export function SuppressionsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const [asked, setAsked] = useState<Suppression | null>(null);

  const { seesAll, everyones, owner_id } = useOwner("clients.view_all", search.owner);
  const filter = {
    q: search.q,
    reason: search.reason,
    owner_id,
  };
  const list = useInfiniteQuery({ ...suppressions(filter, search.sort), enabled: me !== undefined });
  const set = (part: Partial<typeof search>, replace = false) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const filtered = Boolean(search.q || search.reason);
  const clear = () => set({ q: undefined, reason: undefined });
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => set({ add: true })}>
      {t("suppressions.add")}
    </Button>
  );

  const columns: Column<Suppression>[] = [
    {
      id: "email",
      header: t("clients.email"),
      sortable: true,
      // Of everyone's the owner needs room beside it.
      width: everyones ? "26%" : "34%",
      card: "title",
      cell: (row) => <Address>{row.email}</Address>,
    },
    {
      id: "reason",
      header: t("suppressions.reason"),
      width: 220,
      card: "beside",
      cell: (row) => <StateBadge of="client" state={row.reason} />,
    },
    { id: "note", header: t("suppressions.note"), from: "md", cell: (row) => row.note },
    ...(everyones
      ? [
          {
            id: "owner",
            header: t("clients.owner"),
            cell: (row: Suppression) => row.owner_email && <Address>{row.owner_email}</Address>,
          },
        ]
      : []),
    {
      id: "created_at",
      header: t("suppressions.since"),
      sortable: true,
      width: 140,
      from: "md",
      cell: (row) => <DateTime at={row.created_at} day />,
    },
    {
      id: "acts",
      header: t("suppressions.acts"),
      width: 110,
      align: "right",
      card: "beside",
      cell: (row) =>
        (row.owner_id === me?.id || may(me, "superuser")) && (
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("suppressions.remove", { email: row.email })}
            onClick={() => setAsked(row)}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        ),
    },
  ];

  return (
    <>
      <PageHeader
        title={t("suppressions.title")}
        lead={t("suppressions.lead", { zone: format.zone })}
        action={
          <Group gap="xs">
            <CsvButton path="/suppressions" query={given(filter)} />
            {add}
          </Group>
        }
      />
      <FilterBar onClear={filtered ? clear : undefined}>
        <SearchField
          label={t("suppressions.search")}
          value={search.q ?? ""}
          onSearch={(q) => set({ q: q || undefined }, search.q !== undefined)}
        />
        <NativeSelect
          label={t("suppressions.reason")}
          value={search.reason ?? ""}
          onChange={(event) => set({ reason: (event.currentTarget.value as SuppressionReason) || undefined })}
          data={[
            { value: "", label: t("suppressions.anyReason") },
            ...SUPPRESSION_REASONS.map((value) => ({ value, label: t(`state.client.${value}`) })),
          ]}
        />
        {seesAll && <OwnerFilter owner={search.owner} onChange={(owner) => set({ owner })} />}
      </FilterBar>
      <DataTable
        label={t("suppressions.title")}
        list={list}
        columns={columns}
        rowId={(row) => row.id}
        rowName={(row) => row.email}
        sort={search.sort}
        onSort={(sort) => set({ sort: sort as SuppressionSort | undefined })}
        empty={
          filtered ? (
            <EmptyState
              icon={IconMailOff}
              title={t("suppressions.none.title")}
              text={t("suppressions.none.text")}
            >
              <Button variant="default" onClick={clear}>
                {t("ui.filter.clear")}
              </Button>
            </EmptyState>
          ) : (
            <EmptyState
              icon={IconMailOff}
              title={t("suppressions.empty.title")}
              text={t("suppressions.empty.text")}
            >
              <Button variant="light" onClick={() => set({ add: true })}>
                {t("suppressions.add")}
              </Button>
            </EmptyState>
          )
        }
      />
      <SidePanel
        opened={search.add ?? false}
        onClose={() => set({ add: undefined })}
        title={t("suppressions.add")}
      >
        <SuppressionForm onClose={() => set({ add: undefined })} />
      </SidePanel>
      <RemoveDialog asked={asked} onClose={() => setAsked(null)} />
    </>
  );
}

function RemoveDialog({ asked, onClose }: { asked: Suppression | null; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  return (
    <ConfirmDialog
      opened={asked !== null}
      onClose={onClose}
      title={t("clients.allow.title", { email: asked?.email ?? "" })}
      act={t("clients.allow.act")}
      onConfirm={async () => {
        if (!asked) return;
        await unsuppress(asked.id);
        notify(t("suppressions.removed", { email: asked.email }));
        await changed(queries, "suppressions");
      }}
    >
      {asked &&
        (asked.reason === "blocked"
          ? t("clients.allow.textBlocked")
          : t("clients.allow.text", { reason: t(`state.client.${asked.reason}`) }))}
    </ConfirmDialog>
  );
}
