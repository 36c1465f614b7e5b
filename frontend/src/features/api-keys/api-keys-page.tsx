import { Badge, Button, Code, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { apiKeys, revokeApiKey } from "@/api/queries/api-keys";
import { changed } from "@/api/queries/keys";
import type { ApiKey, NewApiKey } from "@/api/types";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { EmptyState } from "@/ui/empty-state";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { PageHeader } from "@/ui/page-header";
import { SidePanel } from "@/ui/side-panel";
import { DateTime, RelativeTime } from "@/ui/times";
import { KeyForm } from "./key-form";
import { ShownOnce } from "./shown-once";

const route = getRouteApi("/app/account/api-keys");

/** The keys by which programs act for one. */
export function ApiKeysPage() {
  const { t } = useTranslation();
  const { open } = route.useSearch();
  const navigate = route.useNavigate();
  const [made, setMade] = useState<NewApiKey | null>(null);
  const show = (next: "new" | undefined) => navigate({ search: { open: next }, resetScroll: false });
  return (
    <>
      <PageHeader
        title={t("apiKeys.title")}
        lead={t("apiKeys.lead")}
        action={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => show("new")}>
            {t("apiKeys.add")}
          </Button>
        }
      />
      <Keys />
      <SidePanel opened={open === "new"} onClose={() => show(undefined)} title={t("apiKeys.new")}>
        <KeyForm
          onCancel={() => show(undefined)}
          onDone={(key) => {
            setMade(key);
            // Back does not lead into the form of a key that is made.
            void navigate({ search: {}, replace: true, resetScroll: false });
          }}
        />
      </SidePanel>
      <ShownOnce made={made} onClose={() => setMade(null)} />
    </>
  );
}

function Keys() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error, isPending, isFetching, refetch } = useQuery(apiKeys());
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  if (isPending) return <Skeleton height={120} role="status" aria-label={t("apiKeys.loading")} />;
  if (!data) return <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  if (data.length === 0) {
    return (
      <EmptyState icon={IconKey} title={t("apiKeys.empty.title")} text={t("apiKeys.empty.text")}>
        <Button
          variant="light"
          renderRoot={(props) => <Link {...props} to="/account/api-keys" search={{ open: "new" }} />}
        >
          {t("apiKeys.add")}
        </Button>
      </EmptyState>
    );
  }
  const revoke = async () => {
    if (!revoking) return;
    await revokeApiKey(revoking.id);
    notify(t("apiKeys.revoked", { name: revoking.name }));
    await changed(queries, "apiKeys");
  };
  return (
    <>
      <Stack component="ul" gap="sm" m={0} p={0} maw={860} style={{ listStyle: "none" }}>
        {data.map((row) => (
          <Row key={row.id} row={row} onRevoke={() => setRevoking(row)} />
        ))}
      </Stack>
      <ConfirmDialog
        opened={revoking !== null}
        onClose={() => setRevoking(null)}
        title={t("apiKeys.revokeTitle", { name: revoking?.name ?? "" })}
        act={t("apiKeys.revoke")}
        onConfirm={revoke}
      >
        {t("apiKeys.revokeText")}{" "}
        {revoking?.last_used_at ? (
          <>
            {t("apiKeys.lastUsed")} <DateTime at={revoking.last_used_at} within />.
          </>
        ) : (
          t("apiKeys.neverUsed")
        )}
      </ConfirmDialog>
    </>
  );
}

function Row({ row, onRevoke }: { row: ApiKey; onRevoke: () => void }) {
  const { t } = useTranslation();
  const expired = row.expires_at !== null && new Date(row.expires_at).getTime() <= Date.now();
  return (
    <Paper component="li" withBorder p="md">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Stack gap={6} style={{ flex: 1, minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={500} style={{ overflowWrap: "anywhere" }}>
              {row.name}
            </Text>
            <Code>{row.prefix}_…</Code>
            {expired && (
              <Badge variant="default" tt="none">
                {t("apiKeys.expired")}
              </Badge>
            )}
          </Group>
          <Group gap={6}>
            {row.scopes.map((scope) => (
              <Code key={scope}>{scope}</Code>
            ))}
          </Group>
          <Text size="xs" c="dimmed">
            {row.last_used_at ? (
              <>
                {t("apiKeys.lastUsed")} <RelativeTime at={row.last_used_at} />
              </>
            ) : (
              t("apiKeys.neverUsed")
            )}{" "}
            ·{" "}
            {row.expires_at ? (
              <>
                {t(expired ? "apiKeys.endedAt" : "apiKeys.endsAt")} <DateTime at={row.expires_at} within />
              </>
            ) : (
              t("apiKeys.never")
            )}{" "}
            · {t("apiKeys.made")} <DateTime at={row.created_at} within />
          </Text>
        </Stack>
        <Button
          variant="default"
          size="xs"
          onClick={onRevoke}
          aria-label={t("apiKeys.revokeNamed", { name: row.name })}
        >
          {t("apiKeys.revoke")}
        </Button>
      </Group>
    </Paper>
  );
}
