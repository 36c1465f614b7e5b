import { Anchor, Button, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { why } from "@/api/queries/reports";
import { isOver } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { foundOr404 } from "@/ui/found";
import { PageHeader } from "@/ui/page-header";
import { ResolveOne } from "./resolve-one";
import { WhyFacts } from "./why-facts";
import { WhySkeleton } from "./why-skeleton";

const route = getRouteApi("/app/reports/$runId/clients/$clientId");

/** Why one client did or did not get the mail of one run. */
export function WhyPage() {
  const { t } = useTranslation();
  const { runId, clientId } = route.useParams();
  const format = useFormat();
  const read = useQuery({
    ...why(runId, clientId),
    refetchInterval: ({ state }) => (state.data && !isOver(state.data.run_status) ? 5_000 : false),
  });
  foundOr404(read.error, route);

  if (!read.data) {
    return (
      <>
        <PageHeader title={t("reports.page.why")} />
        {read.error ? (
          <FailureAlert
            error={read.error}
            title={t("why.failed")}
            retry={() => void read.refetch()}
            retrying={read.isFetching}
          />
        ) : (
          <WhySkeleton />
        )}
      </>
    );
  }
  const { email, mailing_name, client_deleted } = read.data;
  const toReport = { to: "/reports/$runId", params: { runId } } as const;
  return (
    <Stack gap="lg" maw={760}>
      <PageHeader
        title={t("why.title", { email })}
        lead={
          <>
            {t("why.lead")}{" "}
            <Anchor underline="always" renderRoot={(props) => <Link {...props} {...toReport} />}>
              {mailing_name}
            </Anchor>{" "}
            · {t("reports.run", { id: runId })}. {t("reports.page.zone", { zone: format.zone })}
          </>
        }
      />
      <WhyFacts why={read.data} />
      <Group gap="xs">
        <ResolveOne why={read.data} />
        <Button variant="default" renderRoot={(props) => <Link {...props} {...toReport} />}>
          {t("why.report")}
        </Button>
        {!client_deleted && (
          <Button
            variant="default"
            renderRoot={(props) => <Link {...props} to="/clients" search={{ open: clientId }} />}
          >
            {t("why.client")}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
