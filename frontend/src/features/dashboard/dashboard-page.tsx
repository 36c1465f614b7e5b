import { Button, Skeleton, Stack } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isAway } from "@/api/come-back";
import { firstSteps } from "@/api/queries/first-steps";
import { summary } from "@/api/queries/reports";
import { useLive } from "@/api/use-progress";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { PageHeader } from "@/ui/page-header";
import { place } from "@/ui/place";
import { Attention } from "./attention";
import classes from "./dashboard.module.css";
import { Days } from "./days";
import { Next } from "./next";
import { Running } from "./running";
import { Steps } from "./steps";

/** How many days the chart shows, today included. */
const DAYS = 30;

/** The first page: what is going on, what comes next, what needs a person; for a new account, how to begin. */
export function DashboardPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const poll = useLive();
  // Besides what the stream tells: days and starts go by.
  const read = useQuery({ ...summary(DAYS), refetchInterval: poll || 60_000 });
  // Those who may see everyone's would find everyone's without it.
  const owner = may(me, "clients.view_all") || may(me, "reports.view_all") ? me?.id : undefined;
  const steps = useQuery({ ...firstSteps(owner), enabled: me !== undefined }).data;
  const isNew = steps !== undefined && !steps.mailing;

  return (
    <>
      <PageHeader
        title={t("dashboard.title")}
        lead={t("dashboard.lead", { zone: format.zone })}
        action={
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            renderRoot={(props) => <Link {...props} {...place("/mailings/new")} />}
          >
            {t("dashboard.new")}
          </Button>
        }
      />
      <Stack gap="md">
        {isNew && <Steps done={steps} />}
        {read.error && (
          <FailureAlert
            error={read.error}
            title={t("dashboard.failed")}
            retry={() => void read.refetch()}
            retrying={read.isFetching}
          />
        )}
        {read.isPending && (
          <div role="status" aria-label={t("dashboard.loading")} className={classes.grid}>
            <Skeleton height={180} />
            <Skeleton height={180} />
            <Skeleton height={280} />
            <Skeleton height={280} />
          </div>
        )}
        {read.data && (
          <div className={classes.grid}>
            <Running
              runs={read.data.running}
              readAt={read.dataUpdatedAt}
              lost={poll !== false && isAway(read.error)}
            />
            <Attention runs={read.data.attention} />
            <Days days={read.data.days} />
            <Next mailings={read.data.next} />
          </div>
        )}
      </Stack>
    </>
  );
}
