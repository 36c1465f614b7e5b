import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { isAway } from "@/api/come-back";
import { mailingRun } from "@/api/queries/mailings";
import { isWaiting, type Report, type RunStatus } from "@/api/types";
import { useProgress } from "@/api/use-progress";
import { ProgressBar } from "@/ui/progress-bar";

/** How a run stands: the latest that the stream of events told, else what was read. */
export interface RunState {
  status: RunStatus;
  reason: string;
  counts: Report["counts"];
  rate: number | null;
  /** Neither the stream nor the server answers: it is how the run stood, and nobody knows how it stands. */
  lost: boolean;
}

/**
 * Follows a run; the screen must keep the stream open (useLive) and give how often to read without it. Without `ask`
 * nothing is read for it: only what is known already is told.
 */
export function useRunState(runId: number, poll: number | false, ask = true): RunState | undefined {
  const read = useQuery({ ...mailingRun(runId), enabled: ask, refetchInterval: poll });
  const told = useProgress(runId, read.dataUpdatedAt);
  const lost = poll !== false && isAway(read.error);
  if (told) {
    return {
      status: told.status,
      reason: told.reason,
      counts: told.counts,
      rate: told.rate_per_second,
      lost,
    };
  }
  const report = read.data;
  return report && { ...report, rate: report.rate_per_second, lost };
}

/** Those whose outcome is known: nothing more will be tried for them. */
export function settled({ planned, pending, sending, deferred }: Report["counts"]): number {
  return planned - pending - sending - deferred;
}

/** The bar of a run, each part in the colour of what became of the mails. */
export function RunBar({ run, label }: { run: RunState; label?: string }) {
  const { t } = useTranslation();
  const { counts } = run;
  return (
    <ProgressBar
      label={label ?? t("mailings.progress")}
      done={settled(counts)}
      total={counts.planned}
      parts={[
        { value: counts.sent, color: "teal" },
        { value: counts.failed, color: "red" },
        { value: counts.in_doubt, color: "grape" },
        { value: counts.skipped + counts.expired + counts.cancelled, color: "gray" },
        { value: counts.deferred, color: "yellow" },
      ]}
      rate={run.status === "running" ? run.rate : null}
      waits={isWaiting(run)}
      lost={run.lost}
    />
  );
}
