import { Button, Group, List, NativeSelect, Stack, Text } from "@mantine/core";
import { IconMailForward, IconMailSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { mailings } from "@/api/queries/mailings";
import { rowsOf } from "@/api/queries/pages";
import { MAILING_STATUSES, type MailingStatus } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { EmptyState } from "@/ui/empty-state";
import { FailureAlert } from "@/ui/failure-alert";
import { PageHeader } from "@/ui/page-header";
import { MailingsSkeleton, MailingsTable } from "./mailings-table";

const route = getRouteApi("/app/mailings");

/** One's own mailings by status; the filter is in the address. */
export function MailingsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { status } = route.useSearch();
  const navigate = route.useNavigate();

  return (
    <>
      <PageHeader title={t("mailings.title")} lead={t("mailings.lead", { zone: format.zone })} />
      <NativeSelect
        label={t("mailings.status")}
        w={{ base: "100%", xs: 240 }}
        mb="md"
        value={status ?? ""}
        onChange={(event) => {
          const value = event.currentTarget.value as MailingStatus | "";
          void navigate({ search: value ? { status: value } : {} });
        }}
        data={[
          { value: "", label: t("mailings.allStatuses") },
          ...MAILING_STATUSES.map((value) => ({ value, label: t(`state.mailing.${value}`) })),
        ]}
      />
      <Rows status={status} />
    </>
  );
}

function Rows({ status }: { status: MailingStatus | undefined }) {
  const { t } = useTranslation();
  const user = useMe();
  // Those who may see everyone's would find everyone's here; this page is about one's own.
  const ownerId = user && may(user, "mailings.view_all") ? user.id : undefined;
  const list = useInfiniteQuery(mailings({ status, owner_id: ownerId }));

  if (list.isPending) return <MailingsSkeleton />;
  if (!list.data) {
    return (
      <FailureAlert
        error={list.error}
        title={t("mailings.failed")}
        retry={() => void list.refetch()}
        retrying={list.isFetching}
      />
    );
  }

  const rows = rowsOf(list.data);
  if (rows.length === 0) return status ? <NoneWithStatus status={status} /> : <NoMailings />;
  const shown = list.hasNextPage ? "mailings.shownMore" : "mailings.shown";
  return (
    <Stack gap="md">
      {list.isRefetchError && (
        <FailureAlert error={list.error} retry={() => void list.refetch()} retrying={list.isRefetching} />
      )}
      <MailingsTable mailings={rows} />
      {list.isFetchNextPageError && <FailureAlert error={list.error} title={t("mailings.moreFailed")} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status" className="tabular">
          {t(shown, { count: rows.length })}
        </Text>
        {list.hasNextPage && (
          <Button
            variant="default"
            onClick={() => void list.fetchNextPage()}
            loading={list.isFetchingNextPage}
          >
            {t("mailings.more")}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function NoMailings() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconMailForward} title={t("mailings.empty.title")} text={t("mailings.empty.text")}>
      <List type="ordered" spacing="xs">
        <List.Item>{t("mailings.empty.clients")}</List.Item>
        <List.Item>{t("mailings.empty.message")}</List.Item>
        <List.Item>{t("mailings.empty.mailing")}</List.Item>
      </List>
      <Button component="a" href="/swagger/">
        {t("mailings.empty.api")}
      </Button>
    </EmptyState>
  );
}

function NoneWithStatus({ status }: { status: MailingStatus }) {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconMailSearch}
      title={t("mailings.none.title", { status: t(`state.mailing.${status}`) })}
      text={t("mailings.none.text")}
    >
      <Button variant="default" renderRoot={(props) => <Link {...props} to="/mailings" />}>
        {t("mailings.none.all")}
      </Button>
    </EmptyState>
  );
}
