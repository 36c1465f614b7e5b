import { ActionIcon, Anchor, Checkbox, Menu, Stack, Table, Text } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PERMISSIONS, type Permission } from "@/api/permissions.gen";
import { deleteGroup, setPermission } from "@/api/queries/groups";
import { changed } from "@/api/queries/keys";
import type { Group } from "@/api/types";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify, notifyFailure } from "@/ui/notify";
import { usePermissionWords } from "@/ui/permission-words";
import { GroupName } from "./group-name";
import classes from "./permission-matrix.module.css";

/** The group that `create-managers` finds by its name. */
const BUILT_IN = "manager";

/** Rights downwards, groups across; a tick counts at once. */
export function PermissionMatrix({ groups }: { groups: Group[] }) {
  const { t } = useTranslation();
  const words = usePermissionWords();
  return (
    <Table.ScrollContainer
      minWidth={220 + groups.length * 110}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
    >
      <Table aria-label={t("groups.matrix")} verticalSpacing="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th className={classes.right}>{t("groups.permission")}</Table.Th>
            {groups.map((group) => (
              <Table.Th key={group.id} className={classes.group} scope="col">
                <GroupHead group={group} />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {PERMISSIONS.map((permission) => (
            <Table.Tr key={permission}>
              <Table.Th scope="row" className={classes.right}>
                <Text size="sm" fw={500}>
                  {words.name(permission)}
                </Text>
                <Text size="xs" c="dimmed" fw={400} visibleFrom="sm">
                  {words.does(permission)}
                </Text>
              </Table.Th>
              {groups.map((group) => (
                <Table.Td key={group.id} className={classes.group}>
                  <Cell group={group} permission={permission} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Cell({ group, permission }: { group: Group; permission: Permission }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const right = usePermissionWords().name(permission);
  const set = async (on: boolean) => {
    await setPermission(group.id, permission, on);
    await changed(queries, "groups");
  };
  const change = useMutation({
    mutationFn: set,
    onSuccess: (_, on) =>
      notify(t(on ? "groups.given" : "groups.taken", { group: group.name, right }), { undo: () => set(!on) }),
    onError: (error) => notifyFailure(t("groups.failed"), error),
  });
  const held = group.permissions.includes(permission);
  return (
    <Checkbox
      aria-label={t("groups.cell", { group: group.name, right })}
      checked={change.isPending ? change.variables : held}
      onChange={(event) => {
        if (!change.isPending) change.mutate(event.currentTarget.checked);
      }}
      aria-busy={change.isPending}
      classNames={{ body: classes.centre ?? "" }}
    />
  );
}

function GroupHead({ group }: { group: Group }) {
  const { t } = useTranslation();
  return (
    <Stack gap={0} align="center">
      <Text size="sm" fw={600} ta="center" style={{ overflowWrap: "anywhere" }}>
        {group.name}
      </Text>
      {group.members === 0 ? (
        <Text size="xs" c="dimmed" fw={400}>
          {t("groups.members", { count: 0 })}
        </Text>
      ) : (
        <Anchor
          size="xs"
          fw={400}
          renderRoot={(props) => <Link {...props} to="/admin/users" search={{ group: group.name }} />}
        >
          {t("groups.members", { count: group.members })}
        </Anchor>
      )}
      {group.name === BUILT_IN ? (
        <Text size="xs" c="dimmed" fw={400}>
          {t("groups.builtIn")}
        </Text>
      ) : (
        <Acts group={group} />
      )}
    </Stack>
  );
}

function Acts({ group }: { group: Group }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const remove = async () => {
    await deleteGroup(group.id);
    notify(t("groups.deleted", { name: group.name }));
    await changed(queries, "groups");
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("groups.acts", { name: group.name })}
          >
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setOpen("rename")}>
            {t("groups.rename")}
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setOpen("delete")}>
            {t("groups.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <GroupName opened={open === "rename"} onClose={() => setOpen(null)} group={group} />
      <ConfirmDialog
        opened={open === "delete"}
        onClose={() => setOpen(null)}
        title={t("groups.deleteTitle", { name: group.name })}
        act={t("groups.delete")}
        onConfirm={remove}
      >
        {group.members > 0 ? t("groups.deleteText", { count: group.members }) : t("groups.deleteEmpty")}
      </ConfirmDialog>
    </>
  );
}
