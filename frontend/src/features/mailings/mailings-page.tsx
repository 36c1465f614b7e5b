import { Anchor, Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { IconMailSearch, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type MailingSort, mailings } from "@/api/queries/mailings";
import { given } from "@/api/queries/pages";
import { MAILING_STATUSES, type Mailing, type MailingStatus } from "@/api/types";
import { useLive } from "@/api/use-progress";
import { useFormat } from "@/format/use-format";
import { Address } from "@/ui/address";
import { CsvButton } from "@/ui/csv-button";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { OwnerFilter, useOwner } from "@/ui/owner-filter";
import { PageHeader } from "@/ui/page-header";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { FirstSteps } from "./first-steps";
import { RunBar, useRunState } from "./run-bar";

const route = getRouteApi("/app/mailings");

/** Mailings by status, one's own or, for those who may, everyone's; what is shown is in the address. */
export function MailingsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { status, q, sort, owner } = route.useSearch();
  const navigate = route.useNavigate();
  const poll = useLive();

  const { seesAll, everyones, owner_id } = useOwner("mailings.view_all", owner);
  const filter = { status, q, owner_id };
  const list = useInfiniteQuery(mailings({ ...filter, sort }));

  const filtered = status !== undefined || q !== undefined;
  const columns = useColumns(everyones, poll);
  return (
    <>
      <PageHeader
        title={t("mailings.title")}
        lead={t("mailings.lead", { zone: format.zone })}
        action={
          <Group gap="xs">
            <CsvButton path="/mailings" query={given(filter)} />
            <Button
              leftSection={<IconPlus size={18} aria-hidden />}
              renderRoot={(props) => <Link {...props} to="/mailings/new" />}
            >
              {t("mailings.new")}
            </Button>
          </Group>
        }
      />
      <FilterBar onClear={filtered ? () => void navigate({ search: { owner } }) : undefined}>
        <SearchField
          label={t("mailings.search")}
          value={q ?? ""}
          onSearch={(text) =>
            void navigate({
              search: (before) => ({ ...before, q: text || undefined }),
              replace: q !== undefined,
            })
          }
        />
        <NativeSelect
          label={t("mailings.status")}
          value={status ?? ""}
          onChange={(event) => {
            const value = event.currentTarget.value as MailingStatus | "";
            void navigate({ search: (before) => ({ ...before, status: value || undefined }) });
          }}
          data={[
            { value: "", label: t("mailings.allStatuses") },
            ...MAILING_STATUSES.map((value) => ({ value, label: t(`state.mailing.${value}`) })),
          ]}
        />
        {seesAll && (
          <OwnerFilter
            owner={owner}
            onChange={(owner) => void navigate({ search: (before) => ({ ...before, owner }) })}
          />
        )}
      </FilterBar>
      <DataTable
        label={t("mailings.title")}
        list={list}
        columns={columns}
        rowId={({ id }) => id}
        rowName={({ name }) => name}
        sort={sort}
        onSort={(next) =>
          void navigate({ search: (before) => ({ ...before, sort: next as MailingSort | undefined }) })
        }
        empty={
          filtered ? (
            <EmptyState icon={IconMailSearch} title={t("mailings.none.title")} text={t("mailings.none.text")}>
              <Button variant="default" renderRoot={(props) => <Link {...props} to="/mailings" />}>
                {t("mailings.none.all")}
              </Button>
            </EmptyState>
          ) : (
            <FirstSteps />
          )
        }
      />
    </>
  );
}

function useColumns(owners: boolean, poll: number | false): Column<Mailing>[] {
  const { t } = useTranslation();
  const none = (
    <Text span size="sm" c="dimmed">
      {t("mailings.noNext")}
    </Text>
  );
  return [
    {
      id: "name",
      header: t("mailings.name"),
      sortable: true,
      card: "title",
      cell: (row) => <Name mailing={row} poll={poll} />,
    },
    {
      id: "status",
      header: t("mailings.status"),
      width: 190,
      card: "beside",
      cell: ({ status }) => <StateBadge of="mailing" state={status} />,
    },
    ...(owners
      ? [
          {
            id: "owner",
            header: t("mailings.owner"),
            width: 220,
            cell: ({ owner_email }: Mailing) => owner_email && <Address>{owner_email}</Address>,
          },
        ]
      : []),
    {
      id: "next_run_at",
      header: t("mailings.next"),
      sortable: true,
      width: 190,
      cell: ({ next_run_at }) => (next_run_at ? <DateTime at={next_run_at} /> : none),
    },
    {
      id: "created_at",
      header: t("mailings.created"),
      sortable: true,
      width: 150,
      from: "lg",
      card: "none",
      cell: ({ created_at }) => <DateTime at={created_at} day />,
    },
  ];
}

/** The name, and below it how far a run is that goes on. */
function Name({ mailing, poll }: { mailing: Mailing; poll: number | false }) {
  const live = ["running", "pausing", "paused", "cancelling"].includes(mailing.status);
  return (
    <Stack gap={6}>
      <Anchor
        fw={500}
        size="sm"
        style={{ overflowWrap: "anywhere" }}
        renderRoot={(props) => <Link {...props} to="/mailings/$id" params={{ id: mailing.id }} />}
      >
        {mailing.name}
      </Anchor>
      {live && mailing.last_run_id && <Running runId={mailing.last_run_id} poll={poll} />}
    </Stack>
  );
}

function Running({ runId, poll }: { runId: number; poll: number | false }) {
  const run = useRunState(runId, poll);
  return run ? <RunBar run={run} /> : null;
}
