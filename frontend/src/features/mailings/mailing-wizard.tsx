import { Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Mailing } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { EditConflict } from "@/ui/edit-conflict";
import { notify, notifyFailure } from "@/ui/notify";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { AudienceStep } from "./audience-step";
import { CheckStep } from "./check-step";
import type { MailingValues } from "./form-values";
import { MessageStep } from "./message-step";
import { AT_ONCE } from "./next-starts";
import { beforeStop, useScheduleWords } from "./schedule-words";
import { startWithUndo } from "./start-undo";
import { type Intent, useMailingForm } from "./use-mailing-form";
import { WhenStep } from "./when-step";

interface Props {
  /** What is edited; nothing of a new one. */
  base: Versioned<Mailing> | undefined;
  initial: MailingValues;
}

/** Prepares a mailing in four steps on one page: what, to whom, when, and the start. */
export function MailingWizard({ base, initial }: Props) {
  const { t } = useTranslation();
  const words = useScheduleWords();
  const queries = useQueryClient();
  const navigate = useNavigate();

  const onSaved = async ({ value }: Versioned<Mailing>, intent: Intent, values: MailingValues) => {
    const { id, name } = value;
    if (intent === "draft") {
      notify(t("mailing.draftSaved", { name }));
      await navigate({ to: "/mailings/$id/edit", params: { id }, replace: true, ignoreBlocker: true });
      return;
    }
    if (values.when === "now") {
      try {
        await startWithUndo(queries, { id, name, planned: null });
      } catch (error) {
        // It is saved as a draft, from which it can be started again.
        notifyFailure(t("mailing.notStarted", { name }), error);
      }
    } else {
      const next = value.repeat && value.next_run_at;
      const atOnce = !!next && Date.parse(next) <= Date.now() + AT_ONCE;
      notify(
        t(atOnce ? "mailing.scheduledAtOnce" : "mailing.scheduled", {
          name,
          when: beforeStop(words(value)),
        }),
      );
    }
    await navigate({ to: "/mailings/$id", params: { id }, ignoreBlocker: true });
  };

  const { form, pending, failure, conflict, send } = useMailingForm({ base, initial, onSaved });
  return (
    <>
      <form
        onSubmit={(event) => {
          // Enter in a field is no start.
          event.preventDefault();
        }}
        noValidate
      >
        <Stack gap="md">
          <MessageStep form={form} />
          <AudienceStep form={form} />
          <WhenStep form={form} saved={base?.value} />
          <CheckStep form={form} saved={base?.value} pending={pending} failure={failure} send={send} />
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty()} />
      <EditConflict {...conflict} />
    </>
  );
}
