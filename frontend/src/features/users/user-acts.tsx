import { Button, Group, Stack, Text } from "@mantine/core";
import { IconBan, IconTrash, IconUserCheck } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { changed, deleted } from "@/api/queries/keys";
import { belongings, changeUser, deleteUser, user as oneUser } from "@/api/queries/users";
import type { User } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify } from "@/ui/notify";

/** Blocks an account, or lets it in again. */
export function StateAct({ user }: { user: User }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  // How much of theirs goes on can be told only to those who may see it.
  const { data: owned } = useQuery({
    ...belongings(user.id),
    enabled:
      asking && may(me, "mailings.view_all") && may(me, "clients.view_all") && may(me, "messages.view_all"),
  });
  const set = async (is_active: boolean) => {
    await changeUser(user.id, { is_active }, undefined);
    notify(t(is_active ? "users.unblock.done" : "users.block.done", { email: user.email }));
    await changed(queries, "users");
  };
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" c="dimmed" flex="1 1 240px">
        {t(user.is_active ? "users.block.hint" : "users.unblock.hint")}
      </Text>
      <Button
        variant="default"
        leftSection={
          user.is_active ? <IconBan size={16} aria-hidden /> : <IconUserCheck size={16} aria-hidden />
        }
        onClick={() => setAsking(true)}
      >
        {t(user.is_active ? "users.block.act" : "users.unblock.act")}
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t(user.is_active ? "users.block.title" : "users.unblock.title", { email: user.email })}
        act={t(user.is_active ? "users.block.act" : "users.unblock.act")}
        onConfirm={() => set(!user.is_active)}
        harmless={!user.is_active}
      >
        {user.is_active ? (
          <Stack gap="xs">
            <span>{t("users.block.text")}</span>
            {owned && owned.live > 0 && <span>{t("users.block.live", { count: owned.live })}</span>}
          </Stack>
        ) : (
          t("users.unblock.text")
        )}
      </ConfirmDialog>
    </Group>
  );
}

/** Deletes an account that owns nothing; one that does is blocked, and is told so before. */
export function DeleteAct({ user, etag, onGone }: { user: User; etag: string; onGone: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { data: owned } = useQuery({ ...belongings(user.id), enabled: asking });
  const owns = owned && owned.clients + owned.messages + owned.mailings > 0;

  const remove = async () => {
    await deleteUser(user.id, etag);
    // The server decides by all that is kept for the account; what became of it is asked, not guessed.
    const kept = await queries
      .fetchQuery({ ...oneUser(user.id), staleTime: 0, retry: false })
      .catch((error: unknown) => {
        if (error instanceof Failure && error.status === 404) return undefined;
        throw error;
      });
    notify(t(kept ? "users.delete.blocked" : "users.delete.done", { email: user.email }));
    if (kept) return changed(queries, "users");
    onGone();
    await deleted(queries, "users", user.id);
  };

  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" c="dimmed" flex="1 1 240px">
        {t("users.delete.hint")}
      </Text>
      <Button
        variant="default"
        leftSection={<IconTrash size={16} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        {t("users.delete.act")}
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("users.delete.title", { email: user.email })}
        act={t("users.delete.act")}
        typed={user.email}
        onConfirm={remove}
      >
        <Stack gap="xs">
          {owned && (
            <span>
              {owns
                ? t("users.delete.owns", {
                    clients: format.number(owned.clients),
                    messages: format.number(owned.messages),
                    mailings: format.number(owned.mailings),
                  })
                : t("users.delete.ownsNothing")}
            </span>
          )}
          {owned && owned.live > 0 && <span>{t("users.block.live", { count: owned.live })}</span>}
        </Stack>
      </ConfirmDialog>
    </Group>
  );
}
