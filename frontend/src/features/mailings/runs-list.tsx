import { Anchor, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { mailingRuns } from "@/api/queries/mailings";
import { isOver, type Report } from "@/api/types";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { RunResult } from "@/ui/run-result";
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
  const now = (run: Report, show: (now: Pick<Report, "status" | "reason" | "counts">) => ReactNode) => (
    <Now run={run} live={run.run_id === live} poll={poll} show={show} />
  );
  return [
    {
      id: "planned_at",
      header: t("mailing.runs.at"),
      card: "title",
      cell: (row) =>
        now(row, ({ status }) => (
          <>
            {status === "planned" ? (
              <DateTime at={row.planned_at} />
            ) : (
              <Anchor size="sm" renderRoot={(props) => <Link {...props} {...reportLink(row.run_id)} />}>
                <DateTime at={row.planned_at} />
              </Anchor>
            )}
            {row.parent_run_id && (
              <Text size="xs" c="dimmed" className="tabular">
                {t("reports.retryOf", { id: row.parent_run_id })}
              </Text>
            )}
          </>
        )),
    },
    {
      id: "status",
      header: t("mailing.runs.status"),
      width: 170,
      card: "beside",
      cell: (row) => now(row, ({ status }) => <StateBadge of="run" state={status} />),
    },
    {
      id: "result",
      header: t("mailing.runs.result"),
      width: "45%",
      cell: (row) => now(row, (state) => <RunResult runId={row.run_id} run={state} />),
    },
  ];
}

interface NowProps {
  run: Report;
  live: boolean;
  poll: number | false;
  show: (now: Pick<Report, "status" | "reason" | "counts">) => ReactNode;
}

/** A run as it stands now: what was read of one that is over stays so. */
function Now({ run, live, poll, show }: NowProps) {
  const state = useRunState(run.run_id, poll, live);
  return show(state && !isOver(run.status) ? state : run);
}
