import { ActionIcon, Anchor, Group, Text, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useReducer } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changeTransport } from "@/api/queries/transports";
import type { TransportSettings } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Column } from "@/ui/data-table/column";
import { notifyFailure } from "@/ui/notify";
import { StateBadge } from "@/ui/state-badge";
import { DateTime } from "@/ui/times";
import { SPANS } from "./transport-values";

export const stateOf = (row: TransportSettings) => (row.enabled ? row.state : "disabled");

export function useTransportColumns(rows: TransportSettings[]): Column<TransportSettings>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const limits = (row: TransportSettings) =>
    SPANS.filter((span) => row.limits[span])
      .map((span) => t(`transports.limits.short.${span}`, { number: format.number(row.limits[span] ?? 0) }))
      .join(", ");
  return [
    {
      id: "name",
      header: t("transports.name"),
      card: "title",
      cell: (row) => (
        <Anchor
          size="sm"
          fw={500}
          renderRoot={(props) => (
            <Link {...props} to="/admin/transports" search={{ open: row.id }} resetScroll={false} />
          )}
        >
          {row.name}
        </Anchor>
      ),
    },
    {
      id: "state",
      header: t("transports.state"),
      card: "beside",
      cell: (row) => <StateBadge of="transport" state={stateOf(row)} />,
    },
    {
      id: "why",
      header: t("transports.why"),
      width: "26%",
      cell: (row) => row.state !== "ok" && <Trouble row={row} />,
    },
    {
      id: "server",
      header: t("transports.server"),
      cell: (row) => (
        <Text span size="sm" style={{ overflowWrap: "anywhere" }}>
          {row.host}:{row.port}
        </Text>
      ),
    },
    { id: "limits", header: t("transports.limits.title"), from: "lg", cell: limits },
    { id: "order", header: t("transports.order"), cell: (row) => <Move row={row} rows={rows} /> },
  ];
}

/** Why no mail goes by it at the moment; nothing while all is well. */
export function Trouble({ row }: { row: TransportSettings }) {
  const { t } = useTranslation();
  if (row.state === "unusable") return <>{t("transports.trouble.password")}</>;
  if (row.state !== "resting") return null;
  return (
    <>
      {t(row.reason === "auth" ? "transports.trouble.auth" : "transports.trouble.connection")}{" "}
      {row.until && <NextTry key={row.until} at={row.until} />}
    </>
  );
}

/** When a rest ends; from then on it is tried as soon as a mail is to go by it. */
function NextTry({ at }: { at: string }) {
  const { t } = useTranslation();
  const [over, end] = useReducer(() => true, Date.parse(at) <= Date.now());
  useEffect(() => {
    const timer = setTimeout(end, Math.max(0, Date.parse(at) - Date.now()));
    return () => clearTimeout(timer);
  }, [at]);
  if (over) return <>{t("transports.trouble.wanted")}</>;
  return (
    <>
      {t("transports.trouble.until")} <DateTime at={at} within />
    </>
  );
}

/** Moves a transport one place up or down. */
function Move({ row, rows }: { row: TransportSettings; rows: TransportSettings[] }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const at = rows.findIndex(({ id }) => id === row.id);
  const move = useMutation({
    mutationFn: async (by: 1 | -1) => {
      const order = rows.filter(({ id }) => id !== row.id);
      order.splice(at + by, 0, row);
      // Those that stand in their place already are left alone: a change ends a rest.
      for (const [index, { id, order: before }] of order.entries()) {
        if (before !== index + 1) await changeTransport(id, { order: index + 1 });
      }
      await changed(queries, "transports");
    },
    onError: (error) => notifyFailure(t("transports.moveFailed"), error),
  });
  const step = (by: 1 | -1, possible: boolean) => {
    const label = t(by < 0 ? "transports.up" : "transports.down", { name: row.name });
    const Arrow = by < 0 ? IconArrowUp : IconArrowDown;
    return (
      <Tooltip label={label}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c={possible ? "dimmed" : undefined}
          aria-label={label}
          disabled={!possible || move.isPending}
          onClick={() => move.mutate(by)}
        >
          <Arrow size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    );
  };
  return (
    <Group gap={4} wrap="nowrap">
      {step(-1, at > 0)}
      {step(1, at < rows.length - 1)}
    </Group>
  );
}
