import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/types";
import { Address } from "@/ui/address";
import type { Column } from "@/ui/data-table/column";
import { StateBadge } from "@/ui/state-badge";
import { DateTime, RelativeTime } from "@/ui/times";

export function useUserColumns(): Column<User>[] {
  const { t } = useTranslation();
  return [
    {
      id: "email",
      header: t("users.email"),
      sortable: true,
      width: "25%",
      card: "title",
      cell: (row) => (
        <Anchor
          size="sm"
          fw={500}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/admin/users"
              search={(before) => ({ ...before, open: row.id })}
              resetScroll={false}
            />
          )}
        >
          <Address inControl>{row.email}</Address>
        </Anchor>
      ),
    },
    { id: "full_name", header: t("users.name"), sortable: true, cell: (row) => row.full_name },
    {
      id: "role",
      header: t("users.role"),
      width: 164,
      from: "md",
      cell: (row) => hasRole(row) && <Roles user={row} />,
    },
    {
      id: "state",
      header: t("users.state"),
      width: 164,
      card: "beside",
      cell: (row) => <StateBadge of="user" state={row.is_active ? "active" : "blocked"} />,
    },
    {
      id: "last_login_at",
      header: t("users.lastSignIn"),
      width: 140,
      from: "md",
      cell: (row) =>
        row.last_login_at ? (
          <RelativeTime at={row.last_login_at} />
        ) : (
          <Text span size="sm" c="dimmed">
            {t("users.never")}
          </Text>
        ),
    },
    {
      id: "created_at",
      header: t("users.registered"),
      sortable: true,
      width: 140,
      from: "lg",
      cell: (row) => <DateTime at={row.created_at} day />,
    },
  ];
}

const hasRole = (user: User) => user.is_superuser || user.is_staff || user.groups.length > 0;

/** What an account is besides a user, and its groups; nothing for most. */
export function Roles({ user }: { user: User }) {
  const { t } = useTranslation();
  return (
    <Group gap={4}>
      {user.is_superuser && (
        <Badge variant="default" tt="none">
          {t("users.superuser")}
        </Badge>
      )}
      {user.is_staff && (
        <Badge variant="default" tt="none">
          {t("users.staff")}
        </Badge>
      )}
      {user.groups.map((name) => (
        <Badge key={name} variant="default" tt="none" fw={500}>
          {name}
        </Badge>
      ))}
    </Group>
  );
}
