import { Button, NativeSelect } from "@mantine/core";
import { IconUserSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { groups } from "@/api/queries/groups";
import { given } from "@/api/queries/pages";
import { type UserFilter, type UserSort, user, users } from "@/api/queries/users";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { CsvButton } from "@/ui/csv-button";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { useUserColumns } from "./user-columns";
import { UserPanel } from "./user-panel";

const route = getRouteApi("/app/admin/users");

/** Everybody who has an account; who may change something of it finds that in the panel. */
export function UsersPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known = [] } = useQuery({ ...groups(), enabled: may(me, "superuser") });

  const list = useInfiniteQuery(users(filterOf(search), search.sort));
  const set = (part: Partial<typeof search>, replace = false) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const filtered = Boolean(search.q || search.state || search.role || search.group);
  const clear = () => set({ q: undefined, state: undefined, role: undefined, group: undefined });
  const names = [...new Set([...known.map(({ name }) => name), ...(search.group ? [search.group] : [])])];

  return (
    <>
      <PageHeader
        title={t("users.title")}
        lead={t("users.lead", { zone: format.zone })}
        action={<CsvButton path="/users" query={given(filterOf(search))} />}
      />
      <FilterBar onClear={filtered ? clear : undefined}>
        <SearchField
          label={t("users.search")}
          value={search.q ?? ""}
          onSearch={(q) => set({ q: q || undefined }, search.q !== undefined)}
        />
        <NativeSelect
          label={t("users.state")}
          value={search.state ?? ""}
          onChange={(event) =>
            set({ state: (event.currentTarget.value || undefined) as typeof search.state })
          }
          data={[
            { value: "", label: t("users.any") },
            { value: "active", label: t("state.user.active") },
            { value: "blocked", label: t("state.user.blocked") },
          ]}
        />
        <NativeSelect
          label={t("users.role")}
          value={search.role ?? ""}
          onChange={(event) => set({ role: (event.currentTarget.value || undefined) as typeof search.role })}
          data={[
            { value: "", label: t("users.any") },
            { value: "superuser", label: t("users.roles.superusers") },
            { value: "staff", label: t("users.roles.staff") },
            { value: "plain", label: t("users.roles.plain") },
          ]}
        />
        {names.length > 0 && (
          <NativeSelect
            label={t("users.group")}
            value={search.group ?? ""}
            onChange={(event) => set({ group: event.currentTarget.value || undefined })}
            data={[{ value: "", label: t("users.any") }, ...names]}
          />
        )}
      </FilterBar>
      <DataTable
        label={t("users.title")}
        list={list}
        total={list.data?.pages[0]?.total}
        columns={useUserColumns()}
        rowId={(row) => row.id}
        rowName={(row) => row.email}
        sort={search.sort}
        onSort={(sort) => set({ sort: sort as UserSort | undefined })}
        current={search.open}
        empty={
          <EmptyState icon={IconUserSearch} title={t("users.none.title")} text={t("users.none.text")}>
            <Button variant="default" onClick={clear}>
              {t("ui.filter.clear")}
            </Button>
          </EmptyState>
        }
      />
      <OpenUser id={search.open} onClose={() => set({ open: undefined })} />
    </>
  );
}

function OpenUser({ id, onClose }: { id: number | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const { data } = useQuery({ ...user(id ?? 0), enabled: id !== undefined });
  return (
    <SidePanel
      opened={id !== undefined}
      onClose={onClose}
      title={data?.value.full_name || data?.value.email || t("users.one")}
    >
      {id !== undefined && <UserPanel key={id} id={id} onClose={onClose} />}
    </SidePanel>
  );
}

/** What the address says, as the API wants it. */
function filterOf(search: {
  q?: string | undefined;
  state?: "active" | "blocked" | undefined;
  role?: "superuser" | "staff" | "plain" | undefined;
  group?: string | undefined;
}): UserFilter {
  const roles = {
    superuser: { is_superuser: true },
    staff: { is_staff: true },
    plain: { is_staff: false, is_superuser: false },
  };
  return {
    q: search.q,
    group: search.group,
    is_active: search.state && search.state === "active",
    ...(search.role && roles[search.role]),
  };
}
