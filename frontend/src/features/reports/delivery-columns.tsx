import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Delivery } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { Address } from "@/ui/address";
import { useAnswers } from "@/ui/answer-words";
import type { Column } from "@/ui/data-table/column";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { useSkipWords } from "./why-words";

export function useDeliveryColumns(): Column<Delivery>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      id: "email",
      header: t("reports.deliveries.email"),
      card: "title",
      cell: (row) => (
        <>
          <Anchor
            size="sm"
            aria-label={t("reports.deliveries.open", { email: row.email })}
            renderRoot={(props) => (
              <Link
                {...props}
                to="/reports/$runId"
                params={{ runId: row.run_id }}
                search={(before) => ({ ...before, client: row.client_id })}
                resetScroll={false}
              />
            )}
          >
            <Address inControl>{row.email}</Address>
          </Anchor>
          {row.possible_duplicate && (
            <Text size="xs" c="dimmed">
              {t("reports.deliveries.duplicate")}
            </Text>
          )}
        </>
      ),
    },
    {
      id: "state",
      header: t("reports.deliveries.state"),
      width: 190,
      card: "beside",
      cell: (row) => (
        <>
          <StateBadge of="delivery" state={row.state} />
          {row.state === "deferred" && row.next_at && (
            <Text size="xs" c="dimmed" mt={2}>
              {t("reports.deliveries.next")}: <DateTime at={row.next_at} within />
            </Text>
          )}
          {row.resolved_by && (
            <Text size="xs" c="dimmed" mt={2}>
              {t("reports.deliveries.resolvedBy")}
            </Text>
          )}
        </>
      ),
    },
    {
      id: "answer",
      header: t("reports.deliveries.answer"),
      width: "34%",
      from: "md",
      cell: (row) => <Answer row={row} />,
    },
    {
      id: "attempts",
      header: t("reports.deliveries.attempts"),
      align: "right",
      width: 100,
      from: "lg",
      cell: (row) => (row.attempts > 0 ? format.number(row.attempts) : ""),
    },
    {
      id: "updated_at",
      header: t("reports.deliveries.updated"),
      width: 170,
      from: "lg",
      cell: (row) => <DateTime at={row.updated_at} />,
    },
  ];
}

function Answer({ row }: { row: Delivery }) {
  const skipped = useSkipWords();
  const answers = useAnswers();
  if (row.state === "skipped") return <Text size="sm">{skipped(row.reason)}</Text>;
  const { text, ours } = answers({
    code: row.last_code,
    enhanced: row.last_enhanced,
    response: row.last_response,
  });
  return text ? (
    <Text size="xs" {...(!ours && { ff: "monospace" })} lineClamp={2} title={text}>
      {text}
    </Text>
  ) : null;
}
