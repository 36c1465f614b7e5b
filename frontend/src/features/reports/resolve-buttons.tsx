import { Button } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { resolveDoubts } from "@/api/queries/reports";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify } from "@/ui/notify";

interface Props {
  runId: number;
  ids: number[];
  onDone?: () => void;
}

/** Settles doubts by hand, after saying what comes of it. */
export function ResolveButtons({ runId, ids, onDone }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  // What was asked stays on the dialog while it closes.
  const [as, setAs] = useState<"sent" | "failed">("sent");
  const [opened, setOpened] = useState(false);
  const ask = (next: typeof as) => {
    setAs(next);
    setOpened(true);
  };
  const number = { count: ids.length, number: format.number(ids.length) };

  const resolve = async () => {
    const count = await resolveDoubts(runId, ids, as);
    await changed(queries, "reports");
    notify(t("reports.resolve.done", { count, number: format.number(count) }));
    onDone?.();
  };
  return (
    <>
      <Button variant="default" leftSection={<IconCheck size={16} aria-hidden />} onClick={() => ask("sent")}>
        {t("reports.resolve.sent")}
      </Button>
      <Button variant="default" leftSection={<IconX size={16} aria-hidden />} onClick={() => ask("failed")}>
        {t("reports.resolve.failed")}
      </Button>
      <ConfirmDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title={t(`reports.resolve.${as}Title`)}
        act={t(`reports.resolve.${as}Act`, number)}
        onConfirm={resolve}
        harmless
      >
        {t(`reports.resolve.${as}Text`, number)}
      </ConfirmDialog>
    </>
  );
}
