import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { act, duplicateMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { notify, notifyFailure } from "@/ui/notify";
import type { Ask } from "./mailing-state";
import { beforeStop, useScheduleWords } from "./schedule-words";
import { endStartUndo, startWithUndo } from "./start-undo";

/**
 * Does what is asked of a mailing. What cannot be taken back goes by `confirm` first; the rest is done at once and
 * said in a notification, as is what the server refused, after which the mailing is read anew. A test has a dialog of
 * its own, which `test` opens.
 */
export function useMailingActs(mailing: Mailing, confirm: (ask: Ask) => void, test: () => void) {
  const { t } = useTranslation();
  const words = useScheduleWords();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [pending, setPending] = useState(false);
  const running = useRef(false);
  const { id, name, status, next_run_at, start_at, repeat } = mailing;

  const start = () =>
    startWithUndo(queries, { id, name, planned: status === "scheduled" ? next_run_at : null });

  const acts: Record<Ask, () => unknown> = {
    edit: () => navigate({ to: "/mailings/$id/edit", params: { id } }),
    // A run beside the plan, or of what has ended, has no plan to go back to.
    start: () => (repeat || (status !== "draft" && status !== "scheduled") ? confirm("start") : start()),
    schedule: async () => {
      // Its first time has come: that is a start, and has to be known as one.
      if (start_at === null || Date.parse(start_at) <= Date.now()) return confirm("schedule");
      await act(id, "schedule");
      notify(t("mailing.scheduled", { name, when: beforeStop(words(mailing)) }));
    },
    unschedule: async () => {
      await act(id, "unschedule");
      endStartUndo(id);
      notify(t("mailing.unscheduled", { name }));
    },
    pause: () => act(id, "pause"),
    resume: () => act(id, "resume"),
    cancel: () => confirm("cancel"),
    test,
    duplicate: async () => {
      const twin = await duplicateMailing(id);
      notify(t("mailing.duplicated", { name: twin.name }));
      await navigate({ to: "/mailings/$id/edit", params: { id: twin.id } });
    },
    delete: () => confirm("delete"),
  };

  const run = async (ask: Ask) => {
    // The state comes with the next render, which is too late for a double click.
    if (running.current) return;
    running.current = true;
    setPending(true);
    try {
      await acts[ask]();
    } catch (error) {
      notifyFailure(t("mailing.refused", { act: t(`mailing.ask.${ask}`) }), error);
    } finally {
      running.current = false;
      setPending(false);
      void changed(queries, "mailings");
    }
  };
  return { run, pending };
}
