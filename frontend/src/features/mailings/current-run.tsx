import { Alert, Anchor, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconInfoCircle, IconPlugConnectedX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { DeliveryState, Mailing, Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { useReasonWords } from "@/ui/reason-words";
import { StateBadge } from "@/ui/state-badge";
import classes from "./current-run.module.css";
import { reportLink } from "./links";
import { RateField } from "./rate-field";
import { RunBar, useRunState } from "./run-bar";

/** In the order of a delivery's life. */
const STATES: DeliveryState[] = [
  "sent",
  "failed",
  "in_doubt",
  "skipped",
  "pending",
  "sending",
  "deferred",
  "expired",
  "cancelled",
];

/** Those that are always told; of the others only what there is. */
const ALWAYS: DeliveryState[] = ["sent", "failed", "pending"];

interface Props {
  runId: number;
  mailing: Mailing;
  etag: string;
  own: boolean;
  poll: number | false;
}

/** The run that goes on: how far it is, why it waits, and what became of each mail. */
export function CurrentRun({ runId, mailing, etag, own, poll }: Props) {
  const { t } = useTranslation();
  const why = useReasonWords();
  const run = useRunState(runId, poll);
  if (!run) return <Skeleton height={160} role="status" aria-label={t("mailing.loading")} />;
  const preparing = run.counts.planned === 0;
  // What was asked of the mailing is known before its run tells of it.
  const asked = mailing.status === "pausing" || mailing.status === "cancelling" ? mailing.status : null;
  const status = (run.status === "running" && asked) || run.status;
  const label = preparing ? t("mailing.run.preparing") : t(`state.run.${status}`);
  return (
    <Paper component="section" withBorder p={{ base: "md", sm: "lg" }} aria-labelledby="current-run">
      <Stack gap="md">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4" id="current-run">
            {t("mailing.run.current")}
          </Title>
          <Anchor size="sm" renderRoot={(props) => <Link {...props} {...reportLink(runId)} />}>
            {t("mailing.run.report")}
          </Anchor>
        </Group>
        <RunBar run={{ ...run, status }} label={run.lost ? t("mailing.run.lost") : label} />
        {run.lost && (
          <Alert color="gray" variant="outline" icon={<IconPlugConnectedX aria-hidden />} role="status">
            <Text size="sm">{t("mailing.run.lostHint")}</Text>
          </Alert>
        )}
        {run.reason === "rate" ? (
          <Text size="sm" c="dimmed">
            {why(run.reason)}
          </Text>
        ) : (
          run.reason && (
            <Alert color="yellow" variant="light" icon={<IconInfoCircle aria-hidden />} role="status">
              <Text size="sm">{why(run.reason)}</Text>
            </Alert>
          )
        )}
        {run.status === "paused" && mailing.status === "paused" && (
          <Text size="sm" c="dimmed">
            {t("mailing.run.pausedHint")}
          </Text>
        )}
        <Sums runId={runId} counts={run.counts} lost={run.lost} />
        {own && <RateField mailing={mailing} etag={etag} />}
      </Stack>
    </Paper>
  );
}

interface SumsProps {
  runId: number;
  counts: Report["counts"];
  /** They are the last that were heard: they have no colour. */
  lost: boolean;
}

/** What the mails of a run became; they add up to what was planned, and each number leads to its rows. */
function Sums({ runId, counts, lost }: SumsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = STATES.filter((state) => counts[state] > 0 || ALWAYS.includes(state));
  return (
    <Stack gap="xs">
      <dl className={classes.sums}>
        {shown.map((state) => (
          <div key={state}>
            <dt>
              <StateBadge of="delivery" state={state} quiet={lost || counts[state] === 0} />
            </dt>
            <Text component="dd" m={0} mt={4} fz={24} fw={600} className="tabular">
              {counts[state] === 0 ? (
                <Text span inherit c="dimmed">
                  0
                </Text>
              ) : (
                <Anchor
                  inherit
                  {...(lost && { c: "dimmed" })}
                  renderRoot={(props) => <Link {...props} {...reportLink(runId, state)} />}
                >
                  {format.number(counts[state])}
                </Anchor>
              )}
            </Text>
          </div>
        ))}
      </dl>
      <Text size="sm" c="dimmed" className="tabular">
        {t("mailing.run.sum", {
          sum: shown.map((state) => format.number(counts[state])).join(" + "),
          number: format.number(counts.planned),
          count: counts.planned,
        })}
      </Text>
    </Stack>
  );
}
