import { Button, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { why } from "@/api/queries/reports";
import { FailureAlert } from "@/ui/failure-alert";
import { SidePanel } from "@/ui/side-panel";
import { ResolveOne } from "./resolve-one";
import { WhyFacts } from "./why-facts";
import { WhySkeleton } from "./why-skeleton";

interface Props {
  runId: number;
  /** Whose delivery is open, from the address. */
  clientId: number | undefined;
  live: boolean;
  onClose: () => void;
}

/** What happened to one recipient, beside the table. */
export function DeliveryPanel({ runId, clientId, live, onClose }: Props) {
  const { t } = useTranslation();
  const read = useQuery({
    ...why(runId, clientId ?? 0),
    enabled: clientId !== undefined,
    refetchInterval: live ? 5_000 : false,
  });
  return (
    <SidePanel
      opened={clientId !== undefined}
      onClose={onClose}
      title={read.data?.email ?? t("reports.page.why")}
    >
      {read.isLoading && <WhySkeleton />}
      {read.error && !read.data && (
        <FailureAlert
          error={read.error}
          title={t("why.failed")}
          retry={() => void read.refetch()}
          retrying={read.isFetching}
        />
      )}
      {read.data && (
        <Stack gap="lg">
          <WhyFacts why={read.data} />
          <Group gap="xs">
            <ResolveOne why={read.data} />
            <Button
              variant="subtle"
              renderRoot={(props) => (
                <Link
                  {...props}
                  to="/reports/$runId/clients/$clientId"
                  params={{ runId, clientId: read.data.client_id }}
                />
              )}
            >
              {t("why.page")}
            </Button>
          </Group>
        </Stack>
      )}
    </SidePanel>
  );
}
