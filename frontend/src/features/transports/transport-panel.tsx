import { Alert, Button, Code, Divider, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed, deleted } from "@/api/queries/keys";
import { rowsOf } from "@/api/queries/pages";
import { allTransports, changeTransport, deleteTransport, transport } from "@/api/queries/transports";
import type { TransportSettings } from "@/api/types";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { FailureAlert } from "@/ui/failure-alert";
import { notify, notifyFailure } from "@/ui/notify";
import { StateBadge } from "@/ui/state-badge";
import { stateOf, Trouble } from "./transport-columns";
import { TransportForm } from "./transport-form";
import { TransportTry } from "./transport-try";

/** A transport: how it stands, a try of it, its settings. */
export function TransportPanel({ id, onClose }: { id: number; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, dataUpdatedAt, error, isPending, isFetching, refetch } = useQuery(transport(id));
  // The list beside it is read again and again. The form keeps to what it was opened with.
  const list = useInfiniteQuery(allTransports());
  const listed =
    list.dataUpdatedAt > dataUpdatedAt ? rowsOf(list.data).find((row) => row.id === id) : undefined;
  if (isPending) {
    return (
      <div role="status" aria-label={t("transports.loadingOne")}>
        {["50%", "80%", "70%", "60%"].map((width) => (
          <Skeleton key={width} height={16} width={width} my="md" />
        ))}
      </div>
    );
  }
  if (!data) return <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  const row = listed ?? data.value;
  return (
    <Stack gap="lg">
      <Group justify="space-between" gap="sm">
        <StateBadge of="transport" state={stateOf(row)} />
        <Acts row={row} onGone={onClose} />
      </Group>
      {row.enabled && row.state !== "ok" && (
        <Alert color={row.state === "resting" ? "yellow" : "red"} variant="outline">
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <Trouble row={row} />
          </Text>
          {row.state === "resting" && row.answer && (
            <Code block mt="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {row.answer}
            </Code>
          )}
        </Alert>
      )}
      <TransportTry row={row} />
      <Divider />
      <TransportForm key={data.etag} base={data} onDone={() => {}} onCancel={onClose} />
    </Stack>
  );
}

function Acts({ row, onGone }: { row: TransportSettings; onGone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const set = async (enabled: boolean) => {
    queries.setQueryData(transport(row.id).queryKey, await changeTransport(row.id, { enabled }));
    await changed(queries, "transports");
  };
  const turn = useMutation({
    mutationFn: set,
    onSuccess: (_, on) =>
      notify(t(on ? "transports.enabled" : "transports.disabled", { name: row.name }), {
        undo: () => set(!on),
      }),
    onError: (error) => notifyFailure(t("transports.turnFailed"), error),
  });
  const remove = async () => {
    await deleteTransport(row.id);
    notify(t("transports.deleted", { name: row.name }));
    onGone();
    await deleted(queries, "transports", row.id);
  };
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={
          row.enabled ? <IconPlayerPause size={14} aria-hidden /> : <IconPlayerPlay size={14} aria-hidden />
        }
        loading={turn.isPending}
        onClick={() => turn.mutate(!row.enabled)}
      >
        {t(row.enabled ? "transports.disable" : "transports.enable")}
      </Button>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconTrash size={14} aria-hidden />}
        onClick={() => setDeleting(true)}
      >
        {t("transports.delete")}
      </Button>
      <ConfirmDialog
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={t("transports.deleteTitle", { name: row.name })}
        act={t("transports.delete")}
        onConfirm={remove}
      >
        {t("transports.deleteText")}
      </ConfirmDialog>
    </Group>
  );
}
