import { Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isAway } from "@/api/come-back";
import { report } from "@/api/queries/reports";
import { isOver, type Report } from "@/api/types";
import { useLive } from "@/api/use-progress";
import { FailureAlert } from "@/ui/failure-alert";
import { foundOr404 } from "@/ui/found";
import { PageHeader } from "@/ui/page-header";
import { DeliveryPanel } from "./delivery-panel";
import { Ledger } from "./ledger";
import classes from "./report.module.css";
import { RunDeliveries } from "./run-deliveries";
import { RunHead } from "./run-head";
import { RunReasons } from "./run-reasons";
import { useRunState } from "./run-state";
import { RunTimeline } from "./run-timeline";

const route = getRouteApi("/app/reports/$runId");

/** The report of one run: right from the first mail on, and alive while it sends. */
export function RunPage() {
  const { t } = useTranslation();
  const { runId } = route.useParams();
  const poll = useLive();
  const read = useQuery({
    ...report(runId),
    refetchInterval: ({ state }) => (state.data && isOver(state.data.status) ? false : poll),
  });
  foundOr404(read.error, route);

  if (read.data) {
    return (
      <>
        {read.isRefetchError && (
          <FailureAlert error={read.error} retry={() => void read.refetch()} retrying={read.isRefetching} />
        )}
        <Run
          key={runId}
          report={read.data}
          readAt={read.dataUpdatedAt}
          lost={poll !== false && isAway(read.error)}
        />
      </>
    );
  }
  return (
    <>
      <PageHeader title={t("reports.run", { id: runId })} />
      {read.error ? (
        <FailureAlert
          error={read.error}
          title={t("reports.page.failed")}
          retry={() => void read.refetch()}
          retrying={read.isFetching}
        />
      ) : (
        <div role="status" aria-label={t("reports.page.loading")}>
          <Skeleton height={72} mb="md" />
          <div className={classes.grid}>
            <Skeleton height={320} />
            <Skeleton height={320} />
          </div>
        </div>
      )}
    </>
  );
}

interface RunProps {
  report: Report;
  readAt: number;
  lost: boolean;
}

function Run({ report, readAt, lost }: RunProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const state = useRunState(report, readAt);
  const live = !isOver(state.status) && state.status !== "planned";
  const runId = report.run_id;
  return (
    <Stack gap="md">
      <div>
        <RunHead report={report} state={state} lost={lost} />
        <div className={classes.grid}>
          <Ledger runId={runId} counts={state.counts} />
          <Stack gap="md">
            <RunTimeline runId={runId} live={live} />
            <RunReasons runId={runId} live={live} expired={state.counts.expired} />
          </Stack>
        </div>
      </div>
      <RunDeliveries report={report} live={live} />
      <DeliveryPanel
        runId={runId}
        clientId={search.client}
        live={live}
        onClose={() =>
          navigate({ search: (before) => ({ ...before, client: undefined }), resetScroll: false })
        }
      />
    </Stack>
  );
}
