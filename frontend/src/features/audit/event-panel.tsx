import { Anchor, Button, Code, Group, Stack, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { AuditEvent } from "@/api/types";
import { DateTime } from "@/ui/times";
import { ObjectName } from "./audit-columns";
import { useAuditWords } from "./audit-words";

/** All that is known of an event, and ways to what is like it. */
export function EventPanel({ event }: { event: AuditEvent }) {
  const { t } = useTranslation();
  const words = useAuditWords();
  const details = Object.entries(event.details).toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <Stack gap="lg">
      <Rows
        rows={[
          [t("audit.at"), <DateTime key="at" at={event.at} />],
          [t("audit.actor"), words.actor(event)],
          event.key_id !== null && [t("audit.key"), `№ ${event.key_id}`],
          event.object_type !== "" && [t("audit.object"), <ObjectLink key="object" event={event} />],
          event.ip !== "" && [t("audit.ip"), <Code key="ip">{event.ip}</Code>],
          event.request_id !== "" && [t("audit.request"), <Code key="id">{event.request_id}</Code>],
        ]}
      />
      {details.length > 0 && (
        <Stack gap={4}>
          <Title order={3} size="h5">
            {t("audit.details")}
          </Title>
          <Rows
            rows={details.map(([name, value]) => [<Code key="n">{name}</Code>, <Value key="v" of={value} />])}
          />
        </Stack>
      )}
      <Group gap="xs">
        {event.actor_id !== null && <Only search={{ actor_id: event.actor_id }}>{t("audit.onlyActor")}</Only>}
        {event.object_id !== null && (
          <Only search={{ object: `${event.object_type}:${event.object_id}` }}>{t("audit.onlyObject")}</Only>
        )}
      </Group>
    </Stack>
  );
}

type Row = readonly [ReactNode, ReactNode];

function Rows({ rows }: { rows: readonly (Row | false)[] }) {
  return (
    <Table variant="vertical" layout="fixed" style={{ overflowWrap: "anywhere" }}>
      <Table.Tbody>
        {rows
          .filter((row) => row !== false)
          .map(([label, value], index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of an event never change
            <Table.Tr key={index}>
              <Table.Th w={150} fw={500}>
                {label}
              </Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

/** The object, as a way to where it can be seen. */
function ObjectLink({ event }: { event: AuditEvent }) {
  const id = event.object_id;
  if (id === null) return <ObjectName event={event} />;
  const name = <ObjectName event={event} />;
  switch (event.object_type) {
    case "user":
      return (
        <Anchor renderRoot={(p) => <Link {...p} to="/admin/users" search={{ open: id }} />}>{name}</Anchor>
      );
    case "mailing":
      return <Anchor renderRoot={(p) => <Link {...p} to="/mailings/$id" params={{ id }} />}>{name}</Anchor>;
    case "client":
      return <Anchor renderRoot={(p) => <Link {...p} to="/clients" search={{ open: id }} />}>{name}</Anchor>;
    case "group":
      return <Anchor renderRoot={(p) => <Link {...p} to="/admin/groups" />}>{name}</Anchor>;
    case "transport":
      return (
        <Anchor renderRoot={(p) => <Link {...p} to="/admin/transports" search={{ open: id }} />}>
          {name}
        </Anchor>
      );
    default:
      return name;
  }
}

/** A value of the details: what was and what is where something changed, a list as its words. */
function Value({ of }: { of: unknown }) {
  const { t } = useTranslation();
  if (of !== null && typeof of === "object" && !Array.isArray(of)) {
    const { was, is, ...rest } = of as { was?: unknown; is?: unknown };
    if (Object.keys(rest).length === 0 && (was !== undefined || is !== undefined)) {
      return (
        <Text size="sm">
          <Text span size="sm" c="dimmed">
            {t("audit.was")}
          </Text>{" "}
          {plain(was)}{" "}
          <Text span size="sm" c="dimmed">
            {t("audit.is")}
          </Text>{" "}
          {plain(is)}
        </Text>
      );
    }
    return (
      Object.entries(of)
        .map(([name, value]) => `${name}: ${plain(value)}`)
        .join(", ") || "—"
    );
  }
  return plain(of);
}

function plain(value: unknown): string {
  if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0))
    return "—";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Only({ search, children }: { search: { actor_id?: number; object?: string }; children: ReactNode }) {
  return (
    <Button
      size="xs"
      variant="default"
      renderRoot={(props) => <Link {...props} to="/admin/audit" search={search} />}
    >
      {children}
    </Button>
  );
}
