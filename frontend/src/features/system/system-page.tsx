import { Alert, Anchor, Code, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { isAway } from "@/api/come-back";
import { runsSending, systemState } from "@/api/queries/system";
import type { SystemState } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Column } from "@/ui/data-table/column";
import { RowsOrCards } from "@/ui/data-table/data-table";
import { FailureAlert } from "@/ui/failure-alert";
import { PageHeader } from "@/ui/page-header";
import { Stat } from "@/ui/stat";
import { StateBadge } from "@/ui/state-badge";
import { DateTime, RelativeTime } from "@/ui/times";
import { RunningRuns } from "./running-runs";

/** How the installation is at this moment. */
export function SystemPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, isFetching, refetch } = useQuery(systemState());
  const { data: runs, error: unread } = useQuery(runsSending());
  return (
    <>
      <PageHeader title={t("system.title")} lead={t("system.lead", { zone: format.zone })} />
      <Stack gap="xl">
        {error && <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />}
        {data && <Troubles system={data} />}
        <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
          <Stat label={t("system.workersAlive")} value={data?.workers.filter(({ alive }) => alive).length} />
          <Stat label={t("system.runsSending")} value={data?.load.runs_sending} />
          <Stat label={t("system.mailsOpen")} value={data?.load.mails_open} />
          <Stat label={t("system.systemMails")} value={data?.load.system_mails} />
        </SimpleGrid>
        {data ? (
          <>
            {runs && runs.length > 0 && (
              <Part title={t("system.runs.title")}>
                <RunningRuns runs={runs} lost={isAway(unread)} />
              </Part>
            )}
            <Part title={t("system.workers.title")}>
              <Workers system={data} />
            </Part>
            <Part title={t("system.queues.title")} lead={t("system.queues.lead")}>
              <Queues system={data} />
            </Part>
            <Text size="sm" c="dimmed">
              {t("system.version", { version: data.version })}
            </Text>
          </>
        ) : (
          !error && <Skeleton height={240} aria-label={t("system.loading")} role="status" />
        )}
      </Stack>
    </>
  );
}

function Part({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <Title order={2} size="h4" id={id} mb={4}>
        {title}
      </Title>
      {lead && (
        <Text size="sm" c="dimmed" mb="xs">
          {lead}
        </Text>
      )}
      {children}
    </section>
  );
}

/** What a person should know first. */
function Troubles({ system }: { system: SystemState }) {
  const { t } = useTranslation();
  const { load, redis, resting, workers } = system;
  return (
    <Stack gap="sm" role="status" aria-live="polite" className="live">
      {!workers.some(({ alive }) => alive) && (
        <Alert color="red" variant="outline" title={t("system.trouble.noWorker.title")}>
          {t("system.trouble.noWorker.text")}
        </Alert>
      )}
      {load.runs_due > 0 && (
        <Alert color="yellow" variant="outline" title={t("system.trouble.due", { count: load.runs_due })}>
          {load.due_since && (
            <>
              {t("system.trouble.dueSince")} <DateTime at={load.due_since} within />
            </>
          )}
        </Alert>
      )}
      {redis === "degraded" && (
        <Alert color="yellow" variant="outline" title={t("system.trouble.redis.title")}>
          {t("system.trouble.redis.text")}
        </Alert>
      )}
      {resting.map((way) => (
        <Alert
          key={way.transport_id ?? "settings"}
          color="yellow"
          variant="outline"
          title={t("system.trouble.rests", { name: way.name || t("system.trouble.ofSettings") })}
        >
          <Text size="sm">
            {t(way.reason === "auth" ? "system.trouble.auth" : "system.trouble.connection")}{" "}
            {t("system.trouble.until")} <DateTime at={way.until} within />{" "}
            {way.transport_id && (
              <Anchor
                inherit
                renderRoot={(props) => (
                  <Link {...props} to="/admin/transports" search={{ open: way.transport_id ?? undefined }} />
                )}
              >
                {t("system.trouble.look")}
              </Anchor>
            )}
          </Text>
          {way.answer && (
            <Code block mt="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {way.answer}
            </Code>
          )}
        </Alert>
      ))}
    </Stack>
  );
}

function Workers({ system }: { system: SystemState }) {
  const { t } = useTranslation();
  const { workers } = system;
  if (workers.length === 0) return <Text size="sm">{t("system.workers.none")}</Text>;
  const columns: Column<SystemState["workers"][number]>[] = [
    {
      id: "host",
      header: t("system.workers.host"),
      card: "title",
      cell: ({ host, pid }) => (
        <>
          {host}{" "}
          <Text span size="xs" c="dimmed">
            {t("system.workers.pid", { pid })}
          </Text>
        </>
      ),
    },
    {
      id: "state",
      header: t("system.workers.state"),
      card: "beside",
      cell: ({ alive }) => <StateBadge of="worker" state={alive ? "alive" : "silent"} />,
    },
    {
      id: "beat",
      header: t("system.workers.beat"),
      cell: ({ beat_at }) => <RelativeTime at={beat_at} />,
    },
    {
      id: "started",
      header: t("system.workers.started"),
      cell: ({ started_at }) => <DateTime at={started_at} />,
    },
  ];
  return (
    <RowsOrCards
      label={t("system.workers.title")}
      rows={workers}
      columns={columns}
      rowId={(worker) => workers.indexOf(worker)}
      rowName={({ host, pid }) => `${host} ${t("system.workers.pid", { pid })}`}
    />
  );
}

function Queues({ system }: { system: SystemState }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { queues } = system;
  if (queues.length === 0) return <Text size="sm">{t("system.queues.unknown")}</Text>;
  type Queue = SystemState["queues"][number];
  const name = (queue: Queue) => t(`system.queues.names.${queue.name}`);
  const columns: Column<Queue>[] = [
    { id: "name", header: t("system.queues.name"), card: "title", cell: name, width: "25%" },
    ...(["waiting", "active", "scheduled", "retrying"] as const).map(
      (part): Column<Queue> => ({
        id: part,
        header: t(`system.queues.${part}`),
        align: "right",
        cell: (queue) => format.number(queue[part]),
      }),
    ),
    {
      id: "lag",
      header: t("system.queues.lag"),
      align: "right",
      cell: (queue) => format.duration(queue.lag_seconds),
    },
  ];
  return (
    <div className="tabular">
      <RowsOrCards
        label={t("system.queues.title")}
        rows={queues}
        columns={columns}
        rowId={(queue) => queues.indexOf(queue)}
        rowName={name}
      />
    </div>
  );
}
