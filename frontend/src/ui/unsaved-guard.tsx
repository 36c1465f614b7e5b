import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "./confirm-dialog";

/**
 * Asks before one leaves with edits that are not saved, whether to another page of the interface or out of it. A
 * change of the query alone (a tab, a filter) leaves nothing, unless `everywhere`: for a form that the query shows.
 */
export function UnsavedGuard({ dirty, everywhere = false }: { dirty: boolean; everywhere?: boolean }) {
  const { t } = useTranslation();
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && (everywhere || current.pathname !== next.pathname),
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      opened={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title={t("ui.unsaved.title")}
      act={t("ui.unsaved.leave")}
      onConfirm={async () => blocker.proceed?.()}
    >
      {t("ui.unsaved.text")}
    </ConfirmDialog>
  );
}
