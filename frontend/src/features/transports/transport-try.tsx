import { Box, Button, Code, Group, List, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconCheck, IconMinus, IconPlugConnected, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { checkTransport } from "@/api/queries/transports";
import type { TransportCheck, TransportSettings } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { useAnswers } from "@/ui/answer-words";
import { FailureAlert } from "@/ui/failure-alert";

const PHASES = ["connect", "ehlo", "starttls", "auth"] as const;
type Phase = (typeof PHASES)[number];

/** Tries a transport up to the login and shows the dialogue; no mail is sent. */
export function TransportTry({ row }: { row: TransportSettings }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const check = useMutation({
    mutationFn: () => checkTransport(row.id),
    // A success ends a rest.
    onSuccess: () => changed(queries, "transports"),
  });
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Button
          variant="light"
          leftSection={<IconPlugConnected size={16} aria-hidden />}
          loading={check.isPending}
          onClick={() => check.mutate()}
        >
          {t("transports.check.act")}
        </Button>
        <Text size="sm" c="dimmed" flex="1 1 200px">
          {t("transports.check.hint")}
        </Text>
      </Group>
      {check.isError && <FailureAlert error={check.error} />}
      {check.data && <Dialogue row={row} shown={check.data} />}
    </Stack>
  );
}

function Dialogue({ row, shown }: { row: TransportSettings; shown: TransportCheck }) {
  const { t } = useTranslation();
  const format = useFormat();
  const phases = PHASES.filter(
    (phase) =>
      phase === shown.phase ||
      (phase === "starttls" ? row.tls === "required" || (row.tls === "optional" && shown.tls !== "") : true),
  ).filter((phase) => phase !== "auth" || row.username !== "" || shown.phase === "auth");
  const at = phases.indexOf(shown.phase);
  const { text, ours } = useAnswers()(shown);
  return (
    <Box role="status">
      <Text size="sm" fw={600} mb="xs">
        {t(shown.ok ? "transports.check.ok" : "transports.check.failed")}
      </Text>
      <List spacing={6} size="sm" listStyleType="none" center>
        {phases.map((phase, index) => (
          <Step
            key={phase}
            phase={phase}
            state={index < at || shown.ok ? "done" : index === at ? "failed" : "not reached"}
          />
        ))}
      </List>
      {text && ours && (
        <Text size="sm" mt="xs" style={{ overflowWrap: "anywhere" }}>
          {text}
        </Text>
      )}
      {text && !ours && (
        <Code block mt="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {text}
        </Code>
      )}
      <Text size="xs" c="dimmed" mt={6}>
        {[
          shown.tls || (shown.phase !== "connect" && t("transports.check.clear")),
          t("transports.check.took", { number: format.number(shown.duration_ms) }),
          shown.extensions.join(", "),
        ]
          .filter(Boolean)
          .join(" · ")}
      </Text>
    </Box>
  );
}

function Step({ phase, state }: { phase: Phase; state: "done" | "failed" | "not reached" }) {
  const { t } = useTranslation();
  const looks = {
    done: { icon: IconCheck, color: "teal", word: "transports.check.done" },
    failed: { icon: IconX, color: "red", word: "transports.check.stopped" },
    "not reached": { icon: IconMinus, color: "gray", word: "transports.check.notReached" },
  } as const;
  const { icon: Shape, color, word } = looks[state];
  return (
    <List.Item
      icon={
        <ThemeIcon size={20} radius="xl" variant="light" color={color} aria-hidden>
          <Shape size={12} />
        </ThemeIcon>
      }
    >
      {t(`transports.check.phases.${phase}`)}{" "}
      <Text span size="sm" c="dimmed">
        {t(word)}
      </Text>
    </List.Item>
  );
}
