import { Button, Checkbox, Stack, Text } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { retryRun } from "@/api/queries/reports";
import type { Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify } from "@/ui/notify";

/** Retries what of a run failed or is in doubt, after saying what comes of it; leads to the run that does. */
export function RetryButton({ runId, counts }: { runId: number; counts: Report["counts"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [opened, setOpened] = useState(false);
  const [failed, setFailed] = useState(counts.failed > 0);
  // What may come twice is chosen, never assumed.
  const [doubt, setDoubt] = useState(false);

  const chosen = (failed ? counts.failed : 0) + (doubt ? counts.in_doubt : 0);
  const retry = async () => {
    const states = [...(failed ? (["failed"] as const) : []), ...(doubt ? (["in_doubt"] as const) : [])];
    const run = await retryRun(runId, states);
    void changed(queries, "reports", "mailings");
    await navigate({ to: "/reports/$runId", params: { runId: run }, search: {} });
    notify(t("reports.retry.started"));
  };
  return (
    <>
      <Button leftSection={<IconRepeat size={16} aria-hidden />} onClick={() => setOpened(true)}>
        {t("reports.retry.open")}
      </Button>
      <ConfirmDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title={t("reports.retry.title")}
        act={t("reports.retry.act", { count: chosen, number: format.number(chosen) })}
        onConfirm={retry}
        disabled={chosen === 0}
        harmless
      >
        <Stack gap="md">
          <Text size="sm">{t("reports.retry.intro")}</Text>
          {counts.failed > 0 && (
            <Checkbox
              checked={failed}
              onChange={(event) => setFailed(event.currentTarget.checked)}
              label={t("reports.retry.failed", {
                count: counts.failed,
                number: format.number(counts.failed),
              })}
              description={t("reports.retry.failedText")}
            />
          )}
          {counts.in_doubt > 0 && (
            <Checkbox
              checked={doubt}
              onChange={(event) => setDoubt(event.currentTarget.checked)}
              label={t("reports.retry.doubt", {
                count: counts.in_doubt,
                number: format.number(counts.in_doubt),
              })}
              description={t("reports.retry.doubtText")}
            />
          )}
        </Stack>
      </ConfirmDialog>
    </>
  );
}
