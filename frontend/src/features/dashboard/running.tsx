import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isOver, isWaiting, type Report } from "@/api/types";
import { useProgress } from "@/api/use-progress";
import { ProgressBar } from "@/ui/progress-bar";
import { useReasonWords } from "@/ui/reason-words";
import { StateBadge } from "@/ui/state-badge";
import { Section } from "./section";

interface ReadAt {
  readAt: number;
  /** Nobody answers: it is how the runs stood. */
  lost: boolean;
}

/** What is being sent now, each with its bar, and apart from it what is paused. */
export function Running({ runs, ...read }: ReadAt & { runs: Report[] }) {
  const { t } = useTranslation();
  const sending = runs.filter(({ status }) => status !== "paused");
  const paused = runs.filter(({ status }) => status === "paused");
  return (
    <Stack gap="md">
      <Section id="running" title={t("dashboard.running.title")}>
        {sending.length === 0 ? (
          <Text c="dimmed">{t("dashboard.running.none")}</Text>
        ) : (
          <Runs runs={sending} {...read} />
        )}
      </Section>
      {paused.length > 0 && (
        <Section id="paused" title={t("dashboard.running.paused")}>
          <Runs runs={paused} {...read} />
        </Section>
      )}
    </Stack>
  );
}

function Runs({ runs, ...read }: ReadAt & { runs: Report[] }) {
  return (
    <Stack gap="lg">
      {runs.map((run) => (
        <Run key={run.run_id} run={run} {...read} />
      ))}
    </Stack>
  );
}

function Run({ run, readAt, lost }: ReadAt & { run: Report }) {
  const words = useReasonWords();
  const told = useProgress(run.run_id, readAt);
  const { status, reason, counts } = told ?? run;
  const rate = told?.rate_per_second ?? run.rate_per_second;
  return (
    <Stack gap={6}>
      <Group gap={6} wrap="nowrap">
        <StateBadge of="run" state={status} />
        <Anchor
          fw={500}
          lineClamp={2}
          title={run.mailing_name}
          style={{ overflowWrap: "anywhere" }}
          renderRoot={(props) => <Link {...props} to="/reports/$runId" params={{ runId: run.run_id }} />}
        >
          {run.mailing_name}
        </Anchor>
      </Group>
      <ProgressBar
        label={run.mailing_name}
        hideLabel
        done={counts.planned - counts.pending - counts.sending - counts.deferred}
        total={counts.planned}
        parts={[
          { value: counts.sent, color: "teal" },
          { value: counts.failed, color: "red" },
          { value: counts.in_doubt, color: "grape" },
          { value: counts.skipped + counts.expired + counts.cancelled, color: "gray" },
          { value: counts.deferred, color: "yellow" },
        ]}
        rate={status === "running" ? rate : null}
        waits={isWaiting({ status, reason })}
        lost={lost}
      />
      {reason && !isOver(status) && (
        <Text size="sm" c="dimmed">
          {words(reason)}
        </Text>
      )}
    </Stack>
  );
}
