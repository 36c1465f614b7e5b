import { ActionIcon, Anchor, Box, Button, Group, Menu, Text } from "@mantine/core";
import {
  IconCopy,
  IconDotsVertical,
  IconMail,
  IconMailSearch,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed, deleted } from "@/api/queries/keys";
import { createMessage, deleteMessage, type MessageSort, messages } from "@/api/queries/messages";
import { given } from "@/api/queries/pages";
import type { Message } from "@/api/types";
import { useMe } from "@/auth/use-session";
import { useFormat } from "@/format/use-format";
import { Address } from "@/ui/address";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { CsvButton } from "@/ui/csv-button";
import type { Column } from "@/ui/data-table/column";
import { DataTable } from "@/ui/data-table/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FilterBar, SearchField } from "@/ui/filter-bar";
import { notify, notifyFailure } from "@/ui/notify";
import { OwnerFilter, useOwner } from "@/ui/owner-filter";
import { PageHeader } from "@/ui/page-header";
import { DateTime } from "@/ui/times";
import { Thumbnail } from "./thumbnail";
import { contentOf } from "./use-draft";

const route = getRouteApi("/app/messages/");

/** All that was written to be sent. */
export function MessagesPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const { seesAll, everyones, owner_id } = useOwner("messages.view_all", search.owner);
  const filter = { q: search.q, owner_id };
  const list = useInfiniteQuery({ ...messages(filter, search.sort), enabled: me !== undefined });
  const [asked, setAsked] = useState<Message | null>(null);
  const columns = useColumns(everyones, setAsked);
  const queries = useQueryClient();

  type Search = typeof search;
  const set = (part: Partial<Search>, replace = false) =>
    navigate({ search: (before) => ({ ...before, ...part }), replace, resetScroll: false });
  const clear = () => set({ q: undefined });

  return (
    <>
      <PageHeader
        title={t("messages.title")}
        lead={t("messages.lead", { zone: format.zone })}
        action={
          <Group gap="xs">
            <CsvButton path="/messages" query={given(filter)} />
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              renderRoot={(props) => <Link {...props} to="/messages/new" />}
            >
              {t("messages.add")}
            </Button>
          </Group>
        }
      />
      <FilterBar onClear={search.q ? clear : undefined}>
        <SearchField
          label={t("messages.search")}
          value={search.q ?? ""}
          onSearch={(q) => set({ q: q || undefined }, search.q !== undefined)}
        />
        {seesAll && <OwnerFilter owner={search.owner} onChange={(owner) => set({ owner })} />}
      </FilterBar>
      <DataTable
        label={t("messages.title")}
        list={list}
        columns={columns}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        sort={search.sort}
        onSort={(sort) => set({ sort: sort as MessageSort | undefined })}
        empty={search.q ? <NoneFound onClear={clear} /> : <NoMessages />}
      />
      <ConfirmDialog
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={t("messages.delete.title", { name: asked?.name })}
        act={t("messages.delete.act")}
        onConfirm={async () => {
          if (!asked) return;
          await deleteMessage(asked.id);
          notify(t("messages.delete.done", { name: asked.name }));
          await deleted(queries, "messages", asked.id);
        }}
      >
        {t("messages.delete.text")}
      </ConfirmDialog>
    </>
  );
}

function useColumns(everyones: boolean, onDelete: (message: Message) => void): Column<Message>[] {
  const { t } = useTranslation();
  return [
    {
      id: "name",
      header: t("messages.name"),
      sortable: true,
      card: "title",
      cell: (message) => (
        <Group gap="sm" wrap="nowrap">
          <Thumbnail html={message.html} text={message.text} />
          <Box miw={0}>
            <Anchor
              size="sm"
              fw={500}
              renderRoot={(props) => (
                <Link {...props} to="/messages/$id" params={{ id: message.id }} search={{}} />
              )}
            >
              {message.name}
            </Anchor>
          </Box>
        </Group>
      ),
    },
    {
      id: "subject",
      header: t("messages.subject"),
      sortable: true,
      cell: (message) => (
        <Text size="sm" lineClamp={2}>
          {message.subject}
        </Text>
      ),
    },
    ...(everyones
      ? [
          {
            id: "owner",
            header: t("messages.owner"),
            from: "md" as const,
            width: "22%",
            cell: (message: Message) => message.owner_email && <Address>{message.owner_email}</Address>,
          },
        ]
      : []),
    {
      id: "updated_at",
      header: t("messages.updated"),
      sortable: true,
      width: 170,
      cell: (message) => (
        <Text size="sm" component="div">
          <DateTime at={message.updated_at} />
        </Text>
      ),
    },
    {
      id: "acts",
      header: t("messages.acts"),
      width: 96,
      align: "right",
      card: "beside",
      cell: (message) => <RowMenu message={message} onDelete={() => onDelete(message)} />,
    },
  ];
}

function RowMenu({ message, onDelete }: { message: Message; onDelete: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const duplicate = async () => {
    const name = t("messages.copyName", { name: message.name });
    try {
      const { value } = await createMessage({ ...contentOf(message), name: name.slice(0, 200) });
      await changed(queries, "messages");
      notify(t("messages.copied", { name: value.name }));
      await navigate({ to: "/messages/$id", params: { id: value.id }, search: {} });
    } catch (error) {
      notifyFailure(t("messages.copyFailed"), error);
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="dimmed"
          aria-label={t("messages.actsOf", { name: message.name })}
        >
          <IconDotsVertical size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => void duplicate()}>
          {t("messages.duplicate")}
        </Menu.Item>
        {(message.owner_id === me?.id || me?.is_superuser) && (
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={onDelete}>
            {t("messages.delete.open")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function NoMessages() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconMail} title={t("messages.empty.title")} text={t("messages.empty.text")}>
      <Button variant="light" renderRoot={(props) => <Link {...props} to="/messages/new" />}>
        {t("messages.empty.act")}
      </Button>
    </EmptyState>
  );
}

function NoneFound({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <EmptyState icon={IconMailSearch} title={t("messages.none.title")} text={t("messages.none.text")}>
      <Button variant="default" onClick={onClear}>
        {t("ui.filter.clear")}
      </Button>
    </EmptyState>
  );
}
