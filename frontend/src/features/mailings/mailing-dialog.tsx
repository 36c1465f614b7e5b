import { Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { changed, deleted } from "@/api/queries/keys";
import { act, audienceOfMailing, deleteMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify } from "@/ui/notify";
import { reachOf } from "./audience-summary";
import { type Ask, isLive } from "./mailing-state";
import { useRunState } from "./run-bar";

interface Props {
  mailing: Mailing;
  asked: Ask | "stop" | null;
  onClose: () => void;
}

/** Asks before what cannot be taken back, with what will come of it. */
export function MailingDialog({ mailing, asked, onClose }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { id, name } = mailing;
  const read = () => changed(queries, "mailings");

  // They stand there closed, too: one that came with its opening would not know where the focus was.
  const ends = asked === "stop" ? "stop" : "cancel";
  const begins = asked === "schedule" ? "schedule" : "start";
  return (
    <>
      <ConfirmDialog
        opened={asked === ends}
        onClose={onClose}
        title={t("mailing.cancel.title", { name })}
        act={t(`mailing.ask.${ends}`)}
        keep={t("mailing.cancel.keep")}
        onConfirm={() => act(id, ends).finally(read)}
      >
        <CancelConsequence mailing={mailing} />
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === begins}
        onClose={onClose}
        title={t("mailing.start.title", { name })}
        act={t("mailing.start.act")}
        harmless
        onConfirm={() => act(id, begins).finally(read)}
      >
        <StartConsequence mailing={mailing} />
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked === "delete"}
        onClose={onClose}
        title={t("mailing.delete.title", { name })}
        act={t("mailing.ask.delete")}
        onConfirm={async () => {
          await deleteMailing(id).catch((error: unknown) => {
            void read();
            throw error;
          });
          notify(t("mailing.deleted", { name }));
          await navigate({ to: "/mailings" });
          void deleted(queries, "mailings", id);
        }}
      >
        {mailing.last_run_id ? t("mailing.delete.reportsStay") : t("mailing.delete.never")}
        {mailing.status === "scheduled" && ` ${t("mailing.delete.scheduled")}`}
      </ConfirmDialog>
    </>
  );
}

/** What cancelling does, in numbers: what will not be sent, what still arrives, and that the sent stays sent. */
function CancelConsequence({ mailing }: { mailing: Mailing }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      {isLive(mailing.status) && mailing.last_run_id ? (
        <CancelledRun runId={mailing.last_run_id} />
      ) : (
        <Text size="sm">{t("mailing.cancel.scheduled")}</Text>
      )}
      {mailing.repeat && <Text size="sm">{t("mailing.cancel.repeats")}</Text>}
      <Text size="sm">{t("mailing.cancel.final")}</Text>
    </Stack>
  );
}

function CancelledRun({ runId }: { runId: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const run = useRunState(runId, 2_000);
  if (!run) return <Text size="sm">{t("mailing.cancel.counting")}</Text>;
  const { pending, deferred, sending, sent } = run.counts;
  const unsent = pending + deferred;
  return (
    <>
      <Text size="sm" fw={600} className="tabular">
        {t("mailing.cancel.unsent", { count: unsent, number: format.number(unsent) })}
      </Text>
      {sending > 0 && (
        <Text size="sm" className="tabular">
          {t("mailing.cancel.flying", { count: sending, number: format.number(sending) })}
        </Text>
      )}
      {sent > 0 && (
        <Text size="sm" className="tabular">
          {t("mailing.cancel.sent", { count: sent, number: format.number(sent) })}
        </Text>
      )}
    </>
  );
}

function StartConsequence({ mailing }: { mailing: Mailing }) {
  const { t } = useTranslation();
  const format = useFormat();
  const counted = useQuery(audienceOfMailing(mailing.id)).data;
  const mailed = counted ? reachOf(counted).mailed : 0;
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600} className="tabular">
        {counted
          ? t("mailing.start.mailed", { count: mailed, number: format.number(mailed) })
          : t("mailingForm.audience.counting")}
      </Text>
      <Text size="sm">
        {mailing.last_run_id ? t("mailing.start.again") : t("mailing.start.atOnce")}
        {mailing.repeat && mailing.status === "scheduled" ? ` ${t("mailing.start.beside")}` : ""}
      </Text>
    </Stack>
  );
}
