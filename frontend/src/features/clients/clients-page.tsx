import { Button, Group, NativeSelect } from "@mantine/core";
import { IconPlus, IconUserSearch, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type ClientSort, client, clients, clientsTotal } from "@/api/queries/clients";
import { given } from "@/api/queries/pages";
import { CLIENT_STATUSES, type ClientStatus } from "@/api/types";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { CsvButton } from "@/ui/csv-button";
import { DataTable } from "@/ui/data-table/data-table";
import { useSelection } from "@/ui/data-table/selection";
import { SelectionBar } from "@/ui/data-table/selection-bar";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField, TagSearchField } from "@/ui/filter-bar";
import { OwnerFilter, useOwner } from "@/ui/owner-filter";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { BulkActions } from "./bulk-actions";
import { useClientColumns } from "./client-columns";
import { ClientForm } from "./client-form";
import { ClientPanel } from "./client-panel";

const route = getRouteApi("/app/clients");

/** All who may be mailed: found, tagged, opened beside the list. */
export function ClientsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const { seesAll, everyones, owner_id } = useOwner("clients.view_all", search.owner);

  const filter = {
    q: search.q,
    tag: search.tag,
    status: search.status,
    owner_id,
  };
  const list = useInfiniteQuery({ ...clients(filter, search.sort), enabled: me !== undefined });
  const { data: total } = useQuery({ ...clientsTotal(filter), enabled: me !== undefined });
  const selection = useSelection(filter);
  const columns = useClientColumns(everyones);

  type Search = typeof search;
  const set = (part: Partial<Search>, replace = false) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const close = () => set({ open: undefined, edit: undefined });
  const filtered = Boolean(search.q || search.tag || search.status);
  const clear = () => set({ q: undefined, tag: undefined, status: undefined });

  return (
    <>
      <PageHeader
        title={t("clients.title")}
        lead={t("clients.lead", { zone: format.zone })}
        action={
          <Group gap="xs">
            <CsvButton path="/clients" query={given(filter)} />
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => set({ open: "new", edit: undefined })}
            >
              {t("clients.add")}
            </Button>
          </Group>
        }
      />
      <FilterBar onClear={filtered ? clear : undefined}>
        <SearchField
          label={t("clients.search")}
          value={search.q ?? ""}
          onSearch={(q) => set({ q: q || undefined }, search.q !== undefined)}
        />
        <TagSearchField
          label={t("clients.tag")}
          value={search.tag ?? ""}
          onSearch={(tag) => set({ tag: tag || undefined }, search.tag !== undefined)}
        />
        <NativeSelect
          label={t("clients.status")}
          value={search.status ?? ""}
          onChange={(event) => set({ status: (event.currentTarget.value as ClientStatus) || undefined })}
          data={[
            { value: "", label: t("clients.anyStatus") },
            ...CLIENT_STATUSES.map((value) => ({ value, label: t(`state.client.${value}`) })),
          ]}
        />
        {seesAll && <OwnerFilter owner={search.owner} onChange={(owner) => set({ owner })} />}
      </FilterBar>
      <DataTable
        label={t("clients.title")}
        list={list}
        total={total}
        columns={columns}
        rowId={(row) => row.id}
        rowName={(row) => row.email}
        sort={search.sort}
        onSort={(sort) => set({ sort: sort as ClientSort | undefined })}
        // Others' clients are looked at, not changed.
        selection={everyones ? undefined : selection}
        current={typeof search.open === "number" ? search.open : undefined}
        empty={filtered ? <NoneFound onClear={clear} /> : <NoClients />}
      />
      {!everyones && (
        <SelectionBar selection={selection} total={total}>
          <BulkActions selection={selection} filter={filter} total={total} />
        </SelectionBar>
      )}
      <OpenPanel
        open={search.open}
        edit={search.edit ?? false}
        onOpen={(id) => set({ open: id, edit: undefined })}
        onEdit={(edit) => set({ edit: edit || undefined })}
        onClose={close}
      />
    </>
  );
}

interface PanelProps {
  open: number | "new" | undefined;
  edit: boolean;
  onOpen: (id: number) => void;
  onEdit: (edit: boolean) => void;
  onClose: () => void;
}

function OpenPanel({ open, edit, onOpen, onEdit, onClose }: PanelProps) {
  const { t } = useTranslation();
  const { data } = useQuery({
    ...client(typeof open === "number" ? open : 0),
    enabled: typeof open === "number",
  });
  const title =
    open === "new" ? t("clients.new") : data?.value.full_name || data?.value.email || t("clients.one");
  return (
    <SidePanel opened={open !== undefined} onClose={onClose} title={title}>
      {open === "new" && <ClientForm onDone={({ id }) => onOpen(id)} onCancel={onClose} />}
      {typeof open === "number" && (
        <ClientPanel key={open} id={open} edit={edit} onEdit={onEdit} onClose={onClose} />
      )}
    </SidePanel>
  );
}

function NoClients() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconUsers} title={t("clients.empty.title")} text={t("clients.empty.text")}>
      <Button
        variant="light"
        renderRoot={(props) => <Link {...props} to="/clients" search={{ open: "new" }} />}
      >
        {t("clients.add")}
      </Button>
    </EmptyState>
  );
}

function NoneFound({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconUserSearch} title={t("clients.none.title")} text={t("clients.none.text")}>
      <Button variant="default" onClick={onClear}>
        {t("ui.filter.clear")}
      </Button>
    </EmptyState>
  );
}
