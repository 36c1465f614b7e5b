import { Alert, Grid, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isAway } from "@/api/come-back";
import { mailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { useLive } from "@/api/use-progress";
import type { Versioned } from "@/api/versioned";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { foundOr404 } from "@/ui/found";
import { PageHeader } from "@/ui/page-header";
import { useReasonWords } from "@/ui/reason-words";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { CurrentRun } from "./current-run";
import { MailingActions } from "./mailing-actions";
import { MailingSettings } from "./mailing-settings";
import { isLive } from "./mailing-state";
import { RunsList } from "./runs-list";
import { beforeStop, useMailingWhen } from "./schedule-words";
import { StartUndo } from "./start-undo";

const route = getRouteApi("/app/mailings/$id");

/** One mailing: where it stands and why, how its run goes on, what it is set to, and what may be done with it. */
export function MailingPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const poll = useLive();
  const read = useQuery({ ...mailing(id), refetchInterval: poll || 15_000 });
  foundOr404(read.error, route);

  if (read.isPending) {
    return (
      <Stack gap="md" role="status" aria-label={t("mailing.loading")}>
        <Skeleton height={32} width="50%" />
        <Skeleton height={20} width="30%" />
        <Skeleton height={160} />
        <Skeleton height={240} />
      </Stack>
    );
  }
  if (!read.data) {
    return (
      <>
        <PageHeader title={t("mailing.title")} />
        <FailureAlert error={read.error} retry={() => void read.refetch()} retrying={read.isFetching} />
      </>
    );
  }
  const lost = poll !== false && isAway(read.error);
  return <Shown mailing={read.data} poll={poll} lostAt={lost ? read.dataUpdatedAt : undefined} />;
}

interface ShownProps {
  mailing: Versioned<Mailing>;
  poll: number | false;
  /** When it was last heard of, where the server does not answer any more. */
  lostAt: number | undefined;
}

function Shown({ mailing: { value, etag }, poll, lostAt }: ShownProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const when = useMailingWhen();
  const why = useReasonWords();
  const me = useMe();
  const own = me?.id === value.owner_id;
  const live = isLive(value.status);
  const lost = lostAt !== undefined;
  return (
    <>
      <PageHeader
        title={value.name}
        lead={
          <Group component="span" gap="xs">
            <StateBadge of="mailing" state={value.status} quiet={lost} />
            <span role="status" className="live">
              {lost && t("mailing.lost", { at: format.dateTime(new Date(lostAt).toISOString()) })}
            </span>
            <span>{beforeStop(when(value))}.</span>
            <span>{t("mailing.zone", { zone: format.zone })}</span>
          </Group>
        }
        action={
          <Group gap="sm">
            <StartUndo mailing={value} own={own} />
            <MailingActions mailing={value} own={own} mayStop={may(me, "mailings.stop_all")} lost={lost} />
          </Group>
        }
      />
      <Stack gap="lg">
        {!own && (
          <Alert color="gray" variant="outline" icon={<IconInfoCircle aria-hidden />}>
            <Text size="sm">
              {t("mailing.foreign", { owner: value.owner_email ?? `№ ${value.owner_id}` })}
            </Text>
          </Alert>
        )}
        {value.reason && !live && value.status !== "finished" && value.status !== "cancelled" && (
          <Alert color="yellow" variant="light" icon={<IconInfoCircle aria-hidden />}>
            <Text size="sm">{why(value.reason)}</Text>
          </Alert>
        )}
        {value.next_run_at && (
          <Text>
            {t("mailing.next")}{" "}
            <Text span fw={600}>
              <DateTime at={value.next_run_at} within />
            </Text>
          </Text>
        )}
        {value.last_run_id && live && (
          <CurrentRun runId={value.last_run_id} mailing={value} etag={etag} own={own} poll={poll} />
        )}
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <RunsList id={value.id} live={live ? value.last_run_id : null} poll={poll} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <MailingSettings mailing={value} own={own} />
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}
