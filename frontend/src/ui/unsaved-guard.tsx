import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "./confirm-dialog";
import { useUnsaved } from "./unsaved";

/** What of a query shows a form beside a list. */
const PANEL = ["open", "edit", "add"];

interface Props {
  dirty: boolean;
  /**
   * What of the query is left with the form: nothing (a tab, a filter), the panel that the form stands in, or all, as
   * the form goes with the list's filter.
   */
  within?: "page" | "panel" | "query";
  /** Saves it, where that needs no word of the person: then one is asked only if it rejects. */
  save?: () => Promise<unknown>;
}

/** Somebody is about to leave with edits that are not saved, to another page of the interface or out of it. */
export interface Leaving {
  /** Waits for a word of the person. */
  isAsked: boolean;
  go: () => void;
  stay: () => void;
}

/** Holds whoever leaves with edits that are not saved. What then asks ends it: LeaveDialog, or a choice of the screen's own. */
export function useLeaving({ dirty, within = "page", save }: Props): Leaving {
  useUnsaved(dirty);
  const leaves = (now: object, next: object) =>
    within === "query" ||
    (within === "panel" && PANEL.some((key) => Reflect.get(now, key) !== Reflect.get(next, key)));
  const blocker = useBlocker({
    shouldBlockFn: async ({ current, next }) => {
      if (!dirty || (current.pathname === next.pathname && !leaves(current.search, next.search)))
        return false;
      return (
        !save ||
        save().then(
          () => false,
          () => true,
        )
      );
    },
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  return {
    isAsked: blocker.status === "blocked",
    go: () => blocker.proceed?.(),
    stay: () => blocker.reset?.(),
  };
}

/** Asks whether to leave without saving. `failed`: it was tried. */
export function LeaveDialog({ leaving, failed = false }: { leaving: Leaving; failed?: boolean }) {
  const { t } = useTranslation();
  return (
    <ConfirmDialog
      opened={leaving.isAsked}
      onClose={leaving.stay}
      title={t("ui.unsaved.title")}
      act={t("ui.unsaved.leave")}
      onConfirm={async () => leaving.go()}
    >
      {t(failed ? "ui.unsaved.failed" : "ui.unsaved.text")}
    </ConfirmDialog>
  );
}

/** Asks before one leaves with edits that are not saved, whether to another page of the interface or out of it. */
export function UnsavedGuard(props: Omit<Props, "save">) {
  return <LeaveDialog leaving={useLeaving(props)} />;
}
