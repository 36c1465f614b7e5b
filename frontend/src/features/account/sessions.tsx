import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconDeviceDesktop, IconDeviceMobile, IconTerminal2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { endSession, mySessions } from "@/api/queries/sessions";
import type { SignIn } from "@/api/types";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { DateTime, RelativeTime } from "@/ui/times";
import { deviceOf } from "./device";

/** Where one is signed in, and how to end that. */
export function Sessions() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error, isPending, isFetching, refetch } = useQuery(mySessions());
  const [ending, setEnding] = useState<SignIn | "others" | null>(null);
  if (isPending) return <Skeleton height={96} role="status" aria-label={t("profile.sessionsLoading")} />;
  if (!data) return <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  // The one that asks comes first.
  const rows = data.toSorted((a, b) => Number(b.current) - Number(a.current));
  const others = rows.filter(({ current }) => !current);
  const end = async (which: SignIn[]) => {
    // One that cannot be ended keeps none of the others.
    const failures: unknown[] = [];
    for (const { id } of which) await endSession(id).catch((error) => failures.push(error));
    await changed(queries, "me");
    if (failures.length > 0) throw failures[0];
    notify(t("profile.ended", { count: which.length }));
  };
  return (
    <Stack gap="sm">
      <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
        {rows.map((row) => (
          <Row key={row.id} row={row} onEnd={() => setEnding(row)} />
        ))}
      </Stack>
      {others.length > 0 && (
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setEnding("others")}>
            {t("profile.endOthers")}
          </Button>
        </Group>
      )}
      <ConfirmDialog
        opened={ending !== null}
        onClose={() => setEnding(null)}
        title={t(ending === "others" ? "profile.endOthersTitle" : "profile.endTitle")}
        act={t(ending === "others" ? "profile.endOthers" : "profile.end")}
        onConfirm={() => end(ending === "others" ? others : ending ? [ending] : [])}
      >
        {ending === "others" ? t("profile.endOthersText", { count: others.length }) : t("profile.endText")}
      </ConfirmDialog>
    </Stack>
  );
}

function Row({ row, onEnd }: { row: SignIn; onEnd: () => void }) {
  const { t } = useTranslation();
  const { kind, browser, system } = deviceOf(row.user_agent);
  const Shape = { desktop: IconDeviceDesktop, phone: IconDeviceMobile, program: IconTerminal2 }[kind];
  const name =
    browser && system ? t("profile.browserOn", { browser, system }) : browser || t("profile.unknownDevice");
  return (
    <Group component="li" gap="sm" wrap="nowrap" align="flex-start">
      <Shape size={24} stroke={1.5} aria-hidden style={{ flex: "none" }} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group gap="xs">
          <Text size="sm" fw={500} title={row.user_agent} style={{ overflowWrap: "anywhere" }}>
            {name}
          </Text>
          {row.current && (
            <Badge variant="default" tt="none">
              {t("profile.current")}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {row.ip} · {t("profile.lastUsed")} <RelativeTime at={row.last_used_at} /> · {t("profile.since")}{" "}
          <DateTime at={row.created_at} within />
        </Text>
      </div>
      {!row.current && (
        <Button variant="default" size="xs" onClick={onEnd} aria-label={t("profile.endNamed", { name })}>
          {t("profile.end")}
        </Button>
      )}
    </Group>
  );
}
