import { Alert, Anchor, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconInfoCircle, IconPrinter } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { isOver, isWaiting, type Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { PageHeader } from "@/ui/page-header";
import { place } from "@/ui/place";
import { ProgressBar } from "@/ui/progress-bar";
import { useReasonWords } from "@/ui/reason-words";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import classes from "./report.module.css";
import { RetryButton } from "./retry-button";
import type { RunState } from "./run-state";
import { useMayChange } from "./use-may-change";
import { type Retries, useRetries } from "./use-retries";

interface Props {
  report: Report;
  state: RunState;
}

interface HeadProps extends Props {
  /** Nobody answers: it is how the run stood. */
  lost: boolean;
}

/** What run it is, how it stands and why, what it is linked with, and its bar while it goes on. */
export function RunHead({ report, state, lost }: HeadProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const mayChange = useMayChange(report);
  const { run_id, mailing_id, mailing_name, planned_at } = report;
  const { counts } = state;
  const retries = useRetries(report, state);
  const { left } = retries;
  const going = t(state.reason ? "reports.page.waiting" : "reports.page.live");
  const label = state.status === "running" ? going : t(`state.run.${state.status}`);
  const retryable = isOver(state.status) && !retries.live && left && left.failed + left.in_doubt > 0;
  return (
    <>
      <PageHeader
        title={mailing_name}
        lead={
          <>
            {t("reports.page.lead", { id: run_id })} <DateTime at={planned_at} within />.{" "}
            {t("reports.page.zone", { zone: format.zone })}
          </>
        }
        action={
          <Group gap="xs" className="no-print">
            <Button
              variant="default"
              renderRoot={(props) => <Link {...props} {...place(`/mailings/${mailing_id}`)} />}
            >
              {t("reports.page.mailing")}
            </Button>
            <Button
              variant="default"
              leftSection={<IconPrinter size={16} aria-hidden />}
              onClick={() => window.print()}
            >
              {t("reports.page.print")}
            </Button>
            {retryable && mayChange && (
              <RetryButton runId={run_id} counts={counts} retries={retries} left={left} />
            )}
          </Group>
        }
      />
      <Paper withBorder p="md" mb="md">
        <Stack gap="sm">
          <Facts report={report} state={state} />
          <Linked report={report} retries={retries} />
          {mayChange && <NoRetry report={report} state={state} retries={retries} />}
          <Reason state={state} />
          {!isOver(state.status) && state.status !== "planned" && (
            <ProgressBar
              label={label}
              done={counts.planned - counts.pending - counts.sending - counts.deferred}
              total={counts.planned}
              parts={[
                { value: counts.sent, color: "teal" },
                { value: counts.failed, color: "red" },
                { value: counts.in_doubt, color: "grape" },
                { value: counts.skipped + counts.expired + counts.cancelled, color: "gray" },
                { value: counts.deferred, color: "yellow" },
              ]}
              rate={state.status === "running" ? state.rate : null}
              waits={isWaiting(state)}
              lost={lost}
            />
          )}
        </Stack>
      </Paper>
    </>
  );
}

function Facts({ report, state }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { started_at, finished_at, owner_email, rate_per_second } = report;
  const facts: [string, ReactNode][] = [];
  if (started_at) facts.push([t("reports.page.started"), <DateTime key="s" at={started_at} />]);
  if (finished_at) facts.push([t("reports.page.finished"), <DateTime key="f" at={finished_at} />]);
  if (started_at && finished_at) {
    const took = Date.parse(finished_at) - Date.parse(started_at);
    facts.push([
      t("reports.page.took"),
      took < 10_000 ? format.milliseconds(took) : format.duration(took / 1000),
    ]);
    if (rate_per_second > 0)
      facts.push([
        t("reports.page.rate"),
        t("reports.page.rateValue", { rate: format.number(Math.round(rate_per_second * 10) / 10) }),
      ]);
  }
  if (owner_email) facts.push([t("reports.page.owner"), owner_email]);
  return (
    <Group gap="md">
      <span role="status">
        <StateBadge of="run" state={state.status} />
      </span>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="tabular">{value}</dd>
          </div>
        ))}
      </dl>
    </Group>
  );
}

/** The run that this one retries, and those that retry it. */
function Linked({ report, retries }: { report: Report; retries: Retries }) {
  const { t } = useTranslation();
  const { parent_run_id } = report;
  const children = retries.runs;
  if (!parent_run_id && children.length === 0) return null;
  const link = (runId: number, text: string) => (
    <Anchor
      underline="always"
      renderRoot={(props) => <Link {...props} to="/reports/$runId" params={{ runId }} search={{}} />}
    >
      {text}
    </Anchor>
  );
  return (
    <Text size="sm">
      {parent_run_id && link(parent_run_id, t("reports.page.parent", { id: parent_run_id }))}
      {children.length > 0 && (
        <>
          {parent_run_id && " · "}
          {t("reports.page.children")}:{" "}
          {children.map((child, index) => (
            <Fragment key={child.run_id}>
              {index > 0 && ", "}
              {link(child.run_id, t("reports.run", { id: child.run_id }))}
            </Fragment>
          ))}
        </>
      )}
    </Text>
  );
}

/** Why what did not arrive cannot be retried, or not yet. */
function NoRetry({ report, state, retries }: Props & { retries: Retries }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { failed, in_doubt } = state.counts;
  const { live, left } = retries;
  const count = failed + in_doubt;
  if (count === 0 || state.status === "planned") return null;
  const waits = !isOver(state.status);
  const none = left && left.failed + left.in_doubt === 0;
  if (!waits && !live && !none) return null;
  return (
    <Text size="sm" role="status">
      {waits && (
        <>
          {t("reports.retry.waits")}{" "}
          <Anchor
            underline="always"
            renderRoot={(props) => <Link {...props} {...place(`/mailings/${report.mailing_id}`)} />}
          >
            {t("reports.deliveries.noneYet.next")}
          </Anchor>
        </>
      )}
      {!waits &&
        (live
          ? t("reports.retry.live", { id: live.run_id })
          : t("reports.retry.none", { count, number: format.number(count) }))}
    </Text>
  );
}

function Reason({ state }: { state: RunState }) {
  const words = useReasonWords();
  if (!state.reason) return null;
  return (
    <Alert
      color={state.status === "missed" ? "red" : "yellow"}
      variant="outline"
      icon={<IconInfoCircle aria-hidden />}
      role="status"
    >
      {words(state.reason)}
    </Alert>
  );
}
