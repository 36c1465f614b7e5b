import { Button, Skeleton, Stack } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { readMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { useMe } from "@/auth/use-session";
import { EmptyState } from "@/ui/empty-state";
import { FailureAlert } from "@/ui/failure-alert";
import { foundOr404 } from "@/ui/found";
import { PageHeader } from "@/ui/page-header";
import { valuesOf } from "./form-values";
import { MailingWizard } from "./mailing-wizard";

const route = getRouteApi("/app/mailings/$id/edit");

/** Changes a mailing that waits: a draft or a scheduled one. */
export function EditMailingPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const me = useMe();
  // What the form begins with: read afresh, and not replaced while one types.
  const [opened] = useState(() => Date.now());
  const read = useQuery({
    queryKey: ["mailing-form", id, opened],
    queryFn: ({ signal }) => readMailing(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  foundOr404(read.error, route);
  if (read.isPending) {
    return (
      <Stack gap="md" role="status" aria-label={t("mailingForm.loading")}>
        <Skeleton height={32} width={260} />
        {[280, 220, 220].map((height, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never move
          <Skeleton key={at} height={height} />
        ))}
      </Stack>
    );
  }
  // What is typed stays, should a later reading fail.
  if (!read.data) {
    return (
      <>
        <PageHeader title={t("mailingForm.editTitle")} />
        <FailureAlert error={read.error} retry={() => void read.refetch()} retrying={read.isFetching} />
      </>
    );
  }
  const { value } = read.data;
  const waits = value.status === "draft" || value.status === "scheduled";
  const own = me?.id === value.owner_id;
  return (
    <>
      <PageHeader
        title={t("mailingForm.editTitle")}
        lead={
          own && waits
            ? value.status === "scheduled"
              ? t("mailingForm.leadScheduled")
              : t("mailingForm.lead")
            : undefined
        }
      />
      {own && waits ? (
        <Wizard base={read.data} />
      ) : (
        <EmptyState
          icon={IconLock}
          title={t("mailingForm.locked.title")}
          text={own ? t("mailingForm.locked.running") : t("mailingForm.locked.foreign")}
        >
          <Button
            variant="default"
            renderRoot={(props) => <Link {...props} to="/mailings/$id" params={{ id }} />}
          >
            {t("mailingForm.locked.back")}
          </Button>
        </EmptyState>
      )}
    </>
  );
}

function Wizard({ base }: { base: Versioned<Mailing> }) {
  const initial = useMemo(() => valuesOf(base.value), [base]);
  return <MailingWizard base={base} initial={initial} />;
}
