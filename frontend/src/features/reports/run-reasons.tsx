import { Anchor, Paper, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { reasons } from "@/api/queries/reports";
import type { Reason } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { useAnswers } from "@/ui/answer-words";
import { FailureAlert } from "@/ui/failure-alert";
import { StateBadge } from "@/ui/state-badge";
import { useSmtpWords } from "./smtp-words";
import { useSkipWords } from "./why-words";

const keyOf = ({ state, code, enhanced, text }: Reason) => [state, code, enhanced, text].join("\n");

/** Why mails of a run were not sent, the most frequent first; each number leads to its rows. */
export function RunReasons({ runId, live, expired }: { runId: number; live: boolean; expired: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const read = useQuery({ ...reasons(runId), refetchInterval: live ? 10_000 : false });
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="reasons">
      <Title id="reasons" order={2} size="h5" mb="xs">
        {t("reports.reasons.title")}
      </Title>
      {read.isPending && <Skeleton height={96} role="status" aria-label={t("reports.reasons.loading")} />}
      {read.error && !read.data && (
        <FailureAlert
          error={read.error}
          title={t("reports.reasons.failed")}
          retry={() => void read.refetch()}
          retrying={read.isFetching}
        />
      )}
      {read.data?.length === 0 && expired === 0 && <Text c="dimmed">{t("reports.reasons.none")}</Text>}
      {read.data && read.data.length > 0 && (
        <Table verticalSpacing="xs" style={{ overflowWrap: "anywhere" }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={72} ta="right">
                {t("reports.reasons.count")}
              </Table.Th>
              <Table.Th w={180} visibleFrom="sm">
                {t("reports.reasons.state")}
              </Table.Th>
              <Table.Th>{t("reports.reasons.reason")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {read.data.map((reason) => (
              <Row key={keyOf(reason)} runId={runId} reason={reason} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {expired > 0 && (
        <Text mt="xs">
          {t("reports.reasons.expired", { count: expired, number: format.number(expired) })}
        </Text>
      )}
    </Paper>
  );
}

function Row({ runId, reason }: { runId: number; reason: Reason }) {
  const { t } = useTranslation();
  const format = useFormat();
  const smtp = useSmtpWords();
  const skipped = useSkipWords();
  const answers = useAnswers();
  const { state, code, enhanced, text, count } = reason;
  const words =
    state === "skipped"
      ? skipped(text)
      : smtp({ outcome: state === "in_doubt" ? "in_doubt" : "failed", code, enhanced, response: text });
  const answer = answers({ code, enhanced, response: text });
  return (
    <Table.Tr>
      <Table.Td ta="right" valign="top">
        <Anchor
          fw={600}
          inherit
          aria-label={t("reports.reasons.show", { reason: words, number: format.number(count) })}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/reports/$runId"
              params={{ runId }}
              search={{ state, code, enhanced: enhanced || undefined, answer: text || undefined }}
              hash="recipients"
            />
          )}
        >
          {format.number(count)}
        </Anchor>
      </Table.Td>
      <Table.Td visibleFrom="sm" valign="top">
        <StateBadge of="delivery" state={state} />
      </Table.Td>
      <Table.Td valign="top">
        <Text size="sm">{words}</Text>
        {state !== "skipped" && (
          <Text size="xs" c="dimmed" {...(!answer.ours && { ff: "monospace" })}>
            {answer.text}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
