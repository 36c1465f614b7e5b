import { Paper, Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { timeline } from "@/api/queries/reports";
import { useFormat } from "@/format/use-format";
import { BarChart, type Series } from "@/ui/bar-chart/bar-chart";
import { FailureAlert } from "@/ui/failure-alert";

const SERIES: readonly Series[] = ["sent", "deferred", "failed", "in_doubt"];

/** How a run went over time; read anew while it goes on. */
export function RunTimeline({ runId, live }: { runId: number; live: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const read = useQuery({ ...timeline(runId), refetchInterval: live ? 5_000 : false });

  // Columns of seconds would repeat the same minute.
  const tick = (read.data?.bucket_seconds ?? 0) % 60 === 0 ? format.time : format.exactTime;
  const points = (read.data?.points ?? []).map(({ at, sent, failed, deferred, in_doubt }) => ({
    key: at,
    tick: tick(at),
    label: format.exactDateTime(at),
    values: { sent, failed, deferred, in_doubt },
  }));
  const sum = (name: Series) =>
    format.number(points.reduce((sum, { values }) => sum + (values[name as "sent"] ?? 0), 0));
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="timeline">
      <Title id="timeline" order={2} size="h5" mb="xs">
        {t("reports.timeline.title")}
      </Title>
      {read.isPending && <Skeleton height={220} role="status" aria-label={t("reports.timeline.loading")} />}
      {read.error && !read.data && (
        <FailureAlert
          error={read.error}
          title={t("reports.timeline.failed")}
          retry={() => void read.refetch()}
          retrying={read.isFetching}
        />
      )}
      {read.data &&
        (points.length === 0 ? (
          <Text c="dimmed">{t("reports.timeline.none")}</Text>
        ) : (
          <BarChart
            summary={t("reports.timeline.summary", {
              sent: sum("sent"),
              failed: sum("failed"),
              deferred: sum("deferred"),
              doubt: sum("in_doubt"),
            })}
            axis={t("reports.timeline.time")}
            series={SERIES}
            points={points}
            note={t("reports.timeline.step", { time: format.duration(read.data.bucket_seconds) })}
          />
        ))}
    </Paper>
  );
}
