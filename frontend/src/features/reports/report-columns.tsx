import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isOver, type Report } from "@/api/types";
import { Address } from "@/ui/address";
import type { Column } from "@/ui/data-table/column";
import { useReasonWords } from "@/ui/reason-words";
import { RunResult } from "@/ui/run-result";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { useRunState } from "./run-state";

export function useReportColumns(everyones: boolean): Column<Report>[] {
  const { t } = useTranslation();
  return [
    {
      id: "mailing",
      header: t("reports.column.mailing"),
      card: "title",
      cell: (row) => (
        <>
          <Anchor
            size="sm"
            fw={500}
            renderRoot={(props) => <Link {...props} to="/reports/$runId" params={{ runId: row.run_id }} />}
          >
            {row.mailing_name}
          </Anchor>
          <Text size="xs" c="dimmed" className="tabular">
            {row.parent_run_id
              ? t("reports.retryOf", { id: row.parent_run_id })
              : t("reports.run", { id: row.run_id })}
          </Text>
        </>
      ),
    },
    {
      id: "planned_at",
      header: t("reports.column.planned"),
      sortable: true,
      width: 170,
      from: "md",
      cell: (row) => <DateTime at={row.started_at ?? row.planned_at} />,
    },
    {
      id: "status",
      header: t("reports.column.status"),
      width: 160,
      card: "beside",
      cell: (row) => <StateBadge of="run" state={row.status} />,
    },
    ...(everyones
      ? [
          {
            id: "owner",
            header: t("reports.column.owner"),
            from: "lg" as const,
            cell: (row: Report) => row.owner_email && <Address>{row.owner_email}</Address>,
          },
        ]
      : []),
    {
      id: "result",
      header: t("reports.column.result"),
      width: "36%",
      cell: (row) => <Result row={row} />,
    },
  ];
}

/** The sums of a run as they stand now, and why it waits. */
function Result({ row }: { row: Report }) {
  const words = useReasonWords();
  const run = useRunState(row);
  return (
    <>
      <RunResult runId={row.run_id} run={run} />
      {run.reason && run.counts.planned > 0 && !isOver(run.status) && (
        <Text size="xs" c="dimmed" mt={4}>
          {words(run.reason)}
        </Text>
      )}
    </>
  );
}
