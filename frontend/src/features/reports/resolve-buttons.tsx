import { Button } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { type DeliveryFilter, resolveDoubts } from "@/api/queries/reports";
import { createFormat } from "@/format/format";
import { useFormat } from "@/format/use-format";
import { language } from "@/i18n";
import { runBulk } from "@/ui/bulk/running";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import type { Selected } from "@/ui/data-table/selection";
import { notify } from "@/ui/notify";
import { type DoubtsSettled, STEP, settleDoubts } from "./settle-doubts";

interface Props {
  runId: number;
  selected: Selected;
  /** How many these are; unknown while they are counted. */
  count: number | undefined;
  /** When that was counted, where all of it was selected, in milliseconds. */
  countedAt?: number;
  /** What was selected from, where all of it was. */
  filter?: DeliveryFilter;
  onDone?: () => void;
}

/** Settles doubts by hand, after saying what comes of it. Many are settled while one goes on working. */
export function ResolveButtons({
  runId,
  selected,
  count: counted,
  countedAt = 0,
  filter = {},
  onDone,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  // What was asked stays on the dialog while it closes, and while rows go away behind it.
  const [asked, setAsked] = useState<{
    as: "sent" | "failed";
    count: number;
    at: number;
    selected: Selected;
  }>();
  const [opened, setOpened] = useState(false);
  const ask = (as: "sent" | "failed") => {
    if (counted === undefined) return;
    setAsked({ as, count: counted, at: countedAt, selected });
    setOpened(true);
  };
  const as = asked?.as ?? "sent";
  const count = asked?.count ?? 0;
  const number = { count, number: format.number(count) };

  const resolve = async () => {
    if (!asked) return;
    if (!asked.selected.all && asked.selected.ids.size <= STEP) {
      const settled = await resolveDoubts(runId, [...asked.selected.ids], as);
      await changed(queries, "reports");
      notify(outcome({ done: count, settled }));
    } else {
      runBulk(queries, {
        work: settleDoubts(runId, asked.selected, filter, as, asked.at),
        count,
        label: "reports.resolve.progress",
        outcome,
        changed: () => void changed(queries, "reports"),
      });
    }
    onDone?.();
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconCheck size={16} aria-hidden />}
        disabled={counted === undefined}
        onClick={() => ask("sent")}
      >
        {t("reports.resolve.sent")}
      </Button>
      <Button
        variant="default"
        leftSection={<IconX size={16} aria-hidden />}
        disabled={counted === undefined}
        onClick={() => ask("failed")}
      >
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
        {t(`reports.resolve.${as}Text`, number)} {t("reports.resolve.final")}
      </ConfirmDialog>
    </>
  );
}

function outcome({ done, settled }: DoubtsSettled): string {
  const format = createFormat(language(), undefined);
  const words = (count: number) => ({ count, number: format.number(count) });
  const gone = done - settled;
  const said = i18next.t("reports.resolve.done", words(settled));
  return gone > 0 ? `${said} ${i18next.t("reports.resolve.gone", words(gone))}` : said;
}
