import { Divider, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { PERMISSIONS } from "@/api/permissions.gen";
import { user } from "@/api/queries/users";
import type { User } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { FailureAlert } from "@/ui/failure-alert";
import { usePermissionWords } from "@/ui/permission-words";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { DeleteAct, StateAct } from "./user-acts";
import { Roles } from "./user-columns";
import { UserRights } from "./user-rights";

/** An account as it is, and what the one who looks may change of it. */
export function UserPanel({ id, onClose }: { id: number; onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const { data, error, isPending, isFetching, refetch } = useQuery(user(id));
  if (isPending) {
    return (
      <div role="status" aria-label={t("users.loadingOne")}>
        {["60%", "80%", "45%", "70%"].map((width) => (
          <Skeleton key={width} height={16} width={width} my="md" />
        ))}
      </div>
    );
  }
  if (!data) {
    return <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  }
  const { value, etag } = data;
  const all = may(me, "superuser");
  // As the server has it: who may block may not block staff.
  const blocks = all || (may(me, "users.block") && !value.is_staff && !value.is_superuser);
  return (
    <Stack gap="lg">
      <Facts user={value} />
      {all ? (
        <>
          <Divider />
          <UserRights key={etag} base={data} self={me?.id === id} />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          {t(blocks ? "users.blocksOnly" : "users.looksOnly")}
        </Text>
      )}
      {blocks && (
        <>
          <Divider />
          <StateAct user={value} />
        </>
      )}
      {all && <DeleteAct user={value} etag={etag} onGone={onClose} />}
    </Stack>
  );
}

function Facts({ user }: { user: User }) {
  const { t } = useTranslation();
  const words = usePermissionWords();
  // A superuser may do all, whatever the groups.
  const held = user.is_superuser
    ? []
    : PERMISSIONS.filter((permission) => user.permissions.includes(permission));
  const rows = [
    [t("users.state"), <StateBadge key="s" of="user" state={user.is_active ? "active" : "blocked"} />],
    [t("users.email"), user.email],
    [t("users.name"), user.full_name],
    [t("users.role"), <Roles key="r" user={user} />],
    [t("users.zone"), user.timezone],
    [
      t("users.lastSignIn"),
      user.last_login_at ? <DateTime key="l" at={user.last_login_at} /> : t("users.never"),
    ],
    [t("users.registered"), <DateTime key="c" at={user.created_at} day />],
  ] as const;
  return (
    <Stack gap="sm">
      <Table variant="vertical" layout="fixed" style={{ overflowWrap: "anywhere" }}>
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th w={150} fw={500}>
                {label}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {held.length > 0 && (
        <Stack gap={4}>
          <Title order={3} size="h5">
            {t("users.may")}
          </Title>
          <ul style={{ margin: 0, paddingInlineStart: "var(--mantine-spacing-md)" }}>
            {held.map((permission) => (
              <Text key={permission} component="li" size="sm">
                {words.does(permission)}
              </Text>
            ))}
          </ul>
        </Stack>
      )}
    </Stack>
  );
}
