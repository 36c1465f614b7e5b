import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { clientDeliveries } from "@/api/queries/clients";
import { rowsOf } from "@/api/queries/pages";
import { useAnswers } from "@/ui/answer-words";
import { FailureAlert } from "@/ui/failure-alert";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import classes from "./client-history.module.css";
import { ClientSkeleton } from "./client-skeleton";

/** What became of each mail to a client, with the last words of their server. */
export function ClientHistory({ id }: { id: number }) {
  const { t } = useTranslation();
  const answers = useAnswers();
  const list = useInfiniteQuery(clientDeliveries(id));
  if (list.isPending) return <ClientSkeleton />;
  if (!list.data) return <FailureAlert error={list.error} retry={() => void list.refetch()} />;
  const rows = rowsOf(list.data);
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("clients.history.none")}
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      <ul className={classes.list}>
        {rows.map((row) => (
          <li key={row.id} className={classes.item}>
            <Group justify="space-between" gap="xs">
              <Anchor
                size="sm"
                fw={500}
                renderRoot={(props) => (
                  <Link
                    {...props}
                    to="/reports/$runId/clients/$clientId"
                    params={{ runId: row.run_id, clientId: id }}
                  />
                )}
              >
                {row.mailing_name}
              </Anchor>
              <StateBadge of="delivery" state={row.state} />
            </Group>
            <Text size="xs" c="dimmed" className="tabular">
              <DateTime at={row.updated_at} />
              {row.attempts > 0 && ` · ${t("clients.history.attempts", { count: row.attempts })}`}
              {row.state === "deferred" && row.next_at && (
                <>
                  {" · "}
                  {t("clients.history.next")} <DateTime at={row.next_at} within />
                </>
              )}
            </Text>
            {row.last_response && (
              <Text size="xs" ff="monospace" mt={4} style={{ overflowWrap: "anywhere" }}>
                {answers({ code: row.last_code, enhanced: "", response: row.last_response }).text}
              </Text>
            )}
          </li>
        ))}
      </ul>
      {list.isFetchNextPageError && <FailureAlert error={list.error} />}
      {list.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="xs"
            onClick={() => void list.fetchNextPage()}
            loading={list.isFetchingNextPage}
          >
            {t("ui.table.more")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
