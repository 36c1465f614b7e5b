import { Button, Skeleton } from "@mantine/core";
import { IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { groups } from "@/api/queries/groups";
import { EmptyState } from "@/ui/empty-state";
import { FailureAlert } from "@/ui/failure-alert";
import { PageHeader } from "@/ui/page-header";
import { GroupName } from "./group-name";
import { PermissionMatrix } from "./permission-matrix";

/** The groups and what each lets its members do. */
export function GroupsPage() {
  const { t } = useTranslation();
  const { data, error, isPending, isFetching, refetch } = useQuery(groups());
  const [adding, setAdding] = useState(false);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t("groups.add")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("groups.title")} lead={t("groups.lead")} action={add} />
      {isPending && (
        <div role="status" aria-label={t("groups.loading")}>
          {["72%", "64%", "70%", "58%", "66%"].map((width) => (
            <Skeleton key={width} height={20} width={width} my={28} />
          ))}
        </div>
      )}
      {error && <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />}
      {data?.length === 0 && (
        <EmptyState icon={IconUsersGroup} title={t("groups.empty.title")} text={t("groups.empty.text")}>
          <Button variant="light" onClick={() => setAdding(true)}>
            {t("groups.add")}
          </Button>
        </EmptyState>
      )}
      {data && data.length > 0 && <PermissionMatrix groups={data} />}
      <GroupName opened={adding} onClose={() => setAdding(false)} />
    </>
  );
}
