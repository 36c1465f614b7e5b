import { Anchor, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { mailingRuns } from "@/api/queries/mailings";
import { type DeliveryState, isOver, type Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { reportLink } from "./links";
import { useRunState } from "./run-bar";

interface Props {
  id: number;
  /** The run that goes on, which the page tells of: its row says the same. */
  live: number | null;
  poll: number | false;
}

/** Every time the mailing was sent, was missed or will be, the latest first; each leads to its report. */
export function RunsList({ id, live, poll }: Props) {
  const { t } = useTranslation();
  const list = useInfiniteQuery({ ...mailingRuns(id), refetchInterval: poll });
  const columns = useColumns(live, poll);
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

function useColumns(live: number | null, poll: number | false): Column<Report>[] {
  const { t } = useTranslation();
  const now = (run: Report, show: (now: Pick<Report, "status" | "counts">) => ReactNode) => (
    <Now run={run} live={run.run_id === live} poll={poll} show={show} />
  );
  return [
    {
      id: "planned_at",
      header: t("mailing.runs.at"),
      card: "title",
      cell: (row) =>
        now(row, ({ status }) =>
          status === "planned" ? (
            <DateTime at={row.planned_at} />
          ) : (
            <Anchor size="sm" renderRoot={(props) => <Link {...props} {...reportLink(row.run_id)} />}>
              <DateTime at={row.planned_at} />
            </Anchor>
          ),
        ),
    },
    {
      id: "status",
      header: t("mailing.runs.status"),
      width: 170,
      card: "beside",
      cell: (row) => now(row, ({ status }) => <StateBadge of="run" state={status} />),
    },
    {
      id: "sent",
      header: t("state.delivery.sent"),
      align: "right",
      width: 132,
      cell: (row) => now(row, ({ counts }) => <Count runId={row.run_id} counts={counts} state="sent" />),
    },
    {
      id: "failed",
      header: t("state.delivery.failed"),
      align: "right",
      width: 132,
      cell: (row) => now(row, ({ counts }) => <Count runId={row.run_id} counts={counts} state="failed" />),
    },
  ];
}

interface NowProps {
  run: Report;
  live: boolean;
  poll: number | false;
  show: (now: Pick<Report, "status" | "counts">) => ReactNode;
}

/** A run as it stands now: what was read of one that is over stays so. */
function Now({ run, live, poll, show }: NowProps) {
  const state = useRunState(run.run_id, poll, live);
  return show(state && !isOver(run.status) ? state : run);
}

interface CountProps {
  runId: number;
  counts: Report["counts"];
  state: DeliveryState;
}

function Count({ runId, counts, state }: CountProps) {
  const format = useFormat();
  if (counts[state] === 0) {
    return (
      <Text span size="sm" c="dimmed">
        0
      </Text>
    );
  }
  return (
    <Anchor
      size="sm"
      className="tabular"
      renderRoot={(props) => <Link {...props} {...reportLink(runId, state)} />}
    >
      {format.number(counts[state])}
    </Anchor>
  );
}
