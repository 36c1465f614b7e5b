import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { AuditEvent } from "@/api/types";
import type { Column } from "@/ui/data-table/column";
import { DateTime } from "@/ui/times";
import { useAuditWords } from "./audit-words";

export function useAuditColumns(): Column<AuditEvent>[] {
  const { t } = useTranslation();
  const words = useAuditWords();
  return [
    {
      id: "action",
      header: t("audit.action"),
      width: "30%",
      card: "title",
      cell: (row) => (
        <Anchor
          size="sm"
          fw={500}
          renderRoot={(props) => (
            <Link
              {...props}
              to="/admin/audit"
              search={(before) => ({ ...before, open: row.id })}
              resetScroll={false}
            />
          )}
        >
          {words.action(row.action)}
        </Anchor>
      ),
    },
    { id: "at", header: t("audit.at"), width: 180, cell: (row) => <DateTime at={row.at} /> },
    { id: "actor", header: t("audit.actor"), cell: (row) => words.actor(row) },
    { id: "object", header: t("audit.object"), cell: (row) => row.object_type && <ObjectName event={row} /> },
    {
      id: "ip",
      header: t("audit.ip"),
      from: "lg",
      width: 150,
      cell: (row) => row.ip,
    },
  ];
}

/** What an event is about: its kind, and its name as it was or its number. */
export function ObjectName({ event }: { event: AuditEvent }) {
  const words = useAuditWords();
  const name = event.object_name || (event.object_id === null ? "" : `№ ${event.object_id}`);
  return (
    <>
      <Text span size="sm" c="dimmed">
        {words.kind(event.object_type)}
      </Text>{" "}
      {name}
    </>
  );
}
