import { Anchor, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { mailingRuns } from "@/api/queries/mailings";
import type { DeliveryState, Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { reportLink } from "./links";

/** Every time the mailing was sent, was missed or will be, the latest first; each leads to its report. */
export function RunsList({ id, poll }: { id: number; poll: number | false }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery({ ...mailingRuns(id), refetchInterval: poll });
  const columns = useColumns();
  return (
    <section aria-labelledby="runs">
      <Title order={2} size="h4" id="runs" mb="sm">
        {t("mailing.runs.title")}
      </Title>
      <DataTable
        label={t("mailing.runs.title")}
        list={list}
        columns={columns}
        rowId={({ run_id }) => run_id}
        rowName={({ planned_at }) => planned_at}
        empty={
          <Text size="sm" c="dimmed">
            {t("mailing.runs.none")}
          </Text>
        }
      />
    </section>
  );
}

function useColumns(): Column<Report>[] {
  const { t } = useTranslation();
  return [
    {
      id: "planned_at",
      header: t("mailing.runs.at"),
      card: "title",
      cell: ({ run_id, planned_at, status }) =>
        status === "planned" ? (
          <DateTime at={planned_at} />
        ) : (
          <Anchor size="sm" renderRoot={(props) => <Link {...props} {...reportLink(run_id)} />}>
            <DateTime at={planned_at} />
          </Anchor>
        ),
    },
    {
      id: "status",
      header: t("mailing.runs.status"),
      width: 170,
      card: "beside",
      cell: ({ status }) => <StateBadge of="run" state={status} />,
    },
    {
      id: "sent",
      header: t("state.delivery.sent"),
      align: "right",
      width: 132,
      cell: (row) => <Count run={row} state="sent" />,
    },
    {
      id: "failed",
      header: t("state.delivery.failed"),
      align: "right",
      width: 132,
      cell: (row) => <Count run={row} state="failed" />,
    },
  ];
}

function Count({ run, state }: { run: Report; state: DeliveryState }) {
  const format = useFormat();
  return (
    <Anchor
      size="sm"
      className="tabular"
      renderRoot={(props) => <Link {...props} {...reportLink(run.run_id, state)} />}
    >
      {format.number(run.counts[state])}
    </Anchor>
  );
}
