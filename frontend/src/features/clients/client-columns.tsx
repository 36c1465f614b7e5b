import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Client } from "@/api/types";
import { Address } from "@/ui/address";
import type { Column } from "@/ui/data-table/column";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { TagLink } from "./client-panel";

/** Tags of a row that are shown; the panel has the rest. */
const SHOWN_TAGS = 3;

export function useClientColumns(withOwner: boolean): Column<Client>[] {
  const { t } = useTranslation();
  const owner: Column<Client> = {
    id: "owner",
    header: t("clients.owner"),
    cell: (row) => row.owner_email && <Address>{row.owner_email}</Address>,
    from: "lg",
  };
  const created: Column<Client> = {
    id: "created_at",
    header: t("clients.created_at"),
    sortable: true,
    width: 140,
    from: "lg",
    card: "none",
    cell: (row) => <DateTime at={row.created_at} day />,
  };
  return [
    {
      id: "email",
      header: t("clients.email"),
      sortable: true,
      width: "27%",
      card: "title",
      cell: (row) => (
        <Anchor
          size="sm"
          fw={500}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/clients"
              search={(before) => ({ ...before, open: row.id })}
              resetScroll={false}
            />
          )}
        >
          <Address inControl>{row.email}</Address>
        </Anchor>
      ),
    },
    { id: "full_name", header: t("clients.name"), sortable: true, cell: (row) => row.full_name },
    {
      id: "tags",
      header: t("clients.tags"),
      from: "md",
      cell: (row) =>
        row.tags.length > 0 && (
          <Group gap={4}>
            {row.tags.slice(0, SHOWN_TAGS).map((tag) => (
              <TagLink key={tag} tag={tag} />
            ))}
            {row.tags.length > SHOWN_TAGS && (
              <Text span size="xs" c="dimmed">
                {t("clients.moreTags", { number: row.tags.length - SHOWN_TAGS })}
              </Text>
            )}
          </Group>
        ),
    },
    {
      id: "status",
      header: t("clients.status"),
      width: 208,
      card: "beside",
      cell: (row) => <StateBadge of="client" state={row.status} />,
    },
    // Of everyone's the owner matters more than the day.
    withOwner ? owner : created,
  ];
}
