import { Anchor, Badge, Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconBan, IconMailCheck, IconPencil, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Ref, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { client, clientDeliveries, deleteClient } from "@/api/queries/clients";
import { changed, deleted } from "@/api/queries/keys";
import { suppress, suppressionOf, unsuppress } from "@/api/queries/suppressions";
import type { Client } from "@/api/types";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { isLanguage, LANGUAGES } from "@/i18n";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { CopyButton } from "@/ui/copy-button";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { inWords, toRows } from "./attributes";
import { ClientForm } from "./client-form";
import { ClientHistory } from "./client-history";
import { ClientSkeleton } from "./client-skeleton";

interface Props {
  id: number;
  edit: boolean;
  onEdit: (edit: boolean) => void;
  onClose: () => void;
}

/** A client as it is, what can be done with it, and what became of the mails to it. */
export function ClientPanel({ id, edit, onEdit, onClose }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  const { data, error, isPending, isFetching, refetch } = useQuery(client(id));
  const editButton = useRef<HTMLButtonElement>(null);
  const [edited, setEdited] = useState(edit);
  if (edit && !edited) setEdited(true);
  // The form took the focus with it when it went.
  useEffect(() => {
    if (edited && !edit) editButton.current?.focus();
  }, [edited, edit]);
  if (isPending) return <ClientSkeleton />;
  if (!data) {
    return (
      <FailureAlert
        error={error}
        title={t("clients.failedOne")}
        retry={() => void refetch()}
        retrying={isFetching}
      />
    );
  }
  // An address with `edit` may come from somebody who may change it.
  const mayChange = me?.id === data.value.owner_id || me?.is_superuser === true;
  if (edit && mayChange)
    return <ClientForm base={data} onDone={() => onEdit(false)} onCancel={() => onEdit(false)} />;
  return (
    <Stack gap="lg">
      {mayChange ? (
        <Acts editButton={editButton} client={data.value} onEdit={() => onEdit(true)} onClose={onClose} />
      ) : (
        <Text c="dimmed">{t("clients.foreign")}</Text>
      )}
      <Facts client={data.value} />
      <Stack gap="sm">
        <Title order={3} size="h5">
          {t("clients.history.title")}
        </Title>
        <ClientHistory id={id} />
      </Stack>
    </Stack>
  );
}

function Facts({ client: row }: { client: Client }) {
  const { t } = useTranslation();
  const none = (
    <Text span inherit c="dimmed">
      —
    </Text>
  );
  const facts: [string, React.ReactNode][] = [
    [t("clients.status"), <StateBadge key="status" of="client" state={row.status} />],
    [
      t("clients.email"),
      <Group key="email" gap={4} wrap="nowrap">
        {row.email} <CopyButton text={row.email} what={t("clients.copyEmail")} />
      </Group>,
    ],
    [t("clients.name"), row.full_name || none],
    ...(row.owner_email ? [[t("clients.owner"), row.owner_email] as [string, string]] : []),
    [
      t("clients.tags"),
      row.tags.length > 0 ? (
        <Group key="tags" gap={4}>
          {row.tags.map((tag) => (
            <TagLink key={tag} tag={tag} />
          ))}
        </Group>
      ) : (
        none
      ),
    ],
    [
      t("clients.comment"),
      row.comment ? (
        <span key="comment" style={{ whiteSpace: "pre-wrap" }}>
          {row.comment}
        </span>
      ) : (
        none
      ),
    ],
    [t("clients.attributes.label"), inWords(toRows(row.attributes)) || none],
    [t("clients.locale"), isLanguage(row.locale) ? LANGUAGES[row.locale] : row.locale || none],
    [t("clients.timezone"), row.timezone || none],
    [t("clients.created_at"), <DateTime key="created" at={row.created_at} />],
    [t("clients.updated_at"), <DateTime key="updated" at={row.updated_at} />],
  ];
  return (
    <Table variant="vertical" layout="fixed" style={{ overflowWrap: "anywhere" }}>
      <Table.Tbody>
        {facts.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={132}>{name}</Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** A tag that leads to all who have it. */
export function TagLink({ tag }: { tag: string }) {
  return (
    <Anchor underline="never" renderRoot={(props) => <Link {...props} to="/clients" search={{ tag }} />}>
      <Badge variant="default" tt="none" fw={500} maw={180} style={{ cursor: "pointer" }}>
        {tag}
      </Badge>
    </Anchor>
  );
}

type Asking = "block" | "allow" | "delete" | "erase" | null;

interface ActsProps {
  client: Client;
  editButton: Ref<HTMLButtonElement>;
  onEdit: () => void;
  onClose: () => void;
}

function Acts({ client: row, editButton, onEdit, onClose }: ActsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const me = useMe();
  const [asking, setAsking] = useState<Asking>(null);
  // How many reports an erasure touches.
  const history = useInfiniteQuery(clientDeliveries(row.id));
  const deliveries = history.data?.pages[0]?.total ?? 0;
  const done = () => changed(queries, "clients", "suppressions");

  const mine = me?.id === row.owner_id;

  const allow = async () => {
    const suppression = await suppressionOf(row.email, row.owner_id);
    if (suppression) await unsuppress(suppression.id);
    await done();
  };
  const block = async () => {
    const made = await suppress({ email: row.email, reason: "blocked", note: "" });
    await done();
    notify(t("clients.blocked", { email: row.email }), {
      undo: async () => {
        await unsuppress(made.id);
        await done();
      },
    });
  };
  const remove = (erase: boolean) => async () => {
    await deleteClient(row.id, erase);
    onClose();
    notify(t("clients.deleted", { email: row.email }));
    await deleted(queries, "clients", row.id, "suppressions");
  };
  const close = () => setAsking(null);

  return (
    <Group gap="xs">
      <Button ref={editButton} size="xs" leftSection={<IconPencil size={16} aria-hidden />} onClick={onEdit}>
        {t("clients.edit")}
      </Button>
      {row.status === "active" ? (
        mine && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconBan size={16} aria-hidden />}
            onClick={() => setAsking("block")}
          >
            {t("clients.block.act")}
          </Button>
        )
      ) : (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconMailCheck size={16} aria-hidden />}
          onClick={() => setAsking("allow")}
        >
          {t("clients.allow.act")}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconTrash size={16} aria-hidden />}
        onClick={() => setAsking("delete")}
      >
        {t("clients.delete.act")}
      </Button>
      <Button size="xs" variant="default" onClick={() => setAsking("erase")}>
        {t("clients.erase.act")}
      </Button>

      <ConfirmDialog
        opened={asking === "block"}
        onClose={close}
        title={t("clients.block.title", { email: row.email })}
        act={t("clients.block.act")}
        onConfirm={block}
        harmless
      >
        {t("clients.block.text")}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "allow"}
        onClose={close}
        title={t("clients.allow.title", { email: row.email })}
        act={t("clients.allow.act")}
        onConfirm={allow}
      >
        {t(`clients.allow.${row.status === "blocked" ? "textBlocked" : "text"}`, {
          reason: t(`state.client.${row.status}`),
        })}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "delete"}
        onClose={close}
        title={t("clients.delete.title", { email: row.email })}
        act={t("clients.delete.act")}
        onConfirm={remove(false)}
      >
        {t("clients.delete.text", { count: deliveries, number: format.number(deliveries) })}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "erase"}
        onClose={close}
        title={t("clients.erase.title", { email: row.email })}
        act={t("clients.erase.act")}
        onConfirm={remove(true)}
        typed={row.email}
      >
        {t("clients.erase.text", { count: deliveries, number: format.number(deliveries) })}
      </ConfirmDialog>
    </Group>
  );
}
