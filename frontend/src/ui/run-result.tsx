import { Anchor, Group, Progress, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { DELIVERY_STATES, type DeliveryState, isOver, type Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { useReasonWords } from "./reason-words";

/** The colours of bars, by what became of a mail; those of StateBadge where it has a colour. */
export const COLOURS: Record<DeliveryState, "teal" | "red" | "grape" | "yellow" | "indigo" | "gray"> = {
  sent: "teal",
  failed: "red",
  in_doubt: "grape",
  deferred: "yellow",
  sending: "indigo",
  pending: "gray",
  skipped: "gray",
  expired: "gray",
  cancelled: "gray",
};

/** What became of the mails of a run, in little: its sums as they stand, or why there are none. */
export function RunResult({
  runId,
  run,
}: {
  runId: number;
  run: Pick<Report, "status" | "reason" | "counts">;
}) {
  const { t } = useTranslation();
  const words = useReasonWords();
  const { status, reason, counts } = run;
  if (status === "missed") return <Text size="sm">{words(reason)}</Text>;
  if (counts.planned === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t(isOver(status) ? "reports.noRecipients" : "reports.notYet")}
      </Text>
    );
  }
  return <CountBar runId={runId} counts={counts} />;
}

/** A bar, and each number as a link to those mails. */
function CountBar({ runId, counts }: { runId: number; counts: Report["counts"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const some = DELIVERY_STATES.filter((state) => counts[state] > 0);
  return (
    <Stack gap={6} maw={420}>
      <Progress.Root size="sm" aria-hidden>
        {some.map((state) => (
          <Progress.Section
            key={state}
            value={(counts[state] / counts.planned) * 100}
            color={COLOURS[state]}
            withAria={false}
          />
        ))}
      </Progress.Root>
      <Group gap="2px 12px">
        {some.map((state) => (
          <Anchor
            key={state}
            size="xs"
            className="tabular"
            renderRoot={(props) => (
              <Link {...props} to="/reports/$runId" params={{ runId }} search={{ state }} hash="recipients" />
            )}
          >
            {format.number(counts[state])} {t(`state.delivery.${state}`)}
          </Anchor>
        ))}
      </Group>
    </Stack>
  );
}
