import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconTagMinus, IconTagPlus, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import type { ClientFilter } from "@/api/queries/clients";
import { changed } from "@/api/queries/keys";
import { useFormat } from "@/format/use-format";
import { DANGER } from "@/ui/confirm-dialog";
import type { Selection } from "@/ui/data-table/selection";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { ProgressBar } from "@/ui/progress-bar";
import { TagsField } from "@/ui/tags-field";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { type BulkProgress, changeSelected } from "./bulk";

type Act = "addTags" | "removeTags" | "delete";

/** From so many on, deleting wants the number typed. */
const MANY = 100;

interface Props {
  selection: Selection;
  filter: ClientFilter;
  /** How many clients the filter finds. */
  total: number | undefined;
}

/** What can be done with the selected clients, each asked about in a dialog that then shows how far it is. */
export function BulkActions({ selection, filter, total }: Props) {
  const { t } = useTranslation();
  const [act, setAct] = useState<Act | null>(null);
  const count = selection.count(total);
  const open = (next: Act) => () => setAct(next);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconTagPlus size={16} aria-hidden />}
        onClick={open("addTags")}
      >
        {t("clients.bulk.addTags.act")}
      </Button>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconTagMinus size={16} aria-hidden />}
        onClick={open("removeTags")}
      >
        {t("clients.bulk.removeTags.act")}
      </Button>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconTrash size={16} aria-hidden />}
        onClick={open("delete")}
      >
        {t("clients.bulk.delete.act")}
      </Button>
      {act && count !== undefined && (
        <BulkDialog
          act={act}
          count={count}
          selection={selection}
          filter={filter}
          onClose={() => setAct(null)}
        />
      )}
    </>
  );
}

interface DialogProps extends Omit<Props, "total"> {
  act: Act;
  count: number;
  onClose: () => void;
}

/** A dialog that comes with its opening gives the focus back by itself. */
function useFocusBack() {
  useEffect(() => {
    const before = document.activeElement;
    return () => (before as HTMLElement | null)?.focus();
  }, []);
}

function BulkDialog({ act, count: counted, selection, filter, onClose }: DialogProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  useFocusBack();
  // What was asked for stays what it is while rows go away behind the dialog.
  const [count] = useState(counted);
  const [tags, setTags] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const [progress, setProgress] = useState<BulkProgress | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const [began, setBegan] = useState(0);

  const number = format.number(count);
  const must = act === "delete" && count >= MANY ? String(count) : undefined;
  const ready = act === "delete" ? must === undefined || typed.trim() === must : tags.length > 0;
  const running = progress !== null && failure === null;
  const seconds = (Date.now() - began) / 1000;
  const rate = progress && seconds > 1 ? progress.done / seconds : undefined;

  const run = async (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    // Not by the state, which comes with the next render: too late for a double click.
    if (!ready || abort.current) return;
    setFailure(null);
    setBegan(Date.now());
    setProgress({ done: 0, changed: 0, refused: 0 });
    const ended = new AbortController();
    abort.current = ended;
    const change = {
      addTags: { add_tags: tags },
      removeTags: { remove_tags: tags },
      delete: { delete: true },
    }[act];
    try {
      const sum = await changeSelected(selection.value, filter, change, setProgress, ended.signal);
      const words = { count: sum.changed, number: format.number(sum.changed) };
      notify(
        [
          t(act === "delete" ? "clients.bulk.deleted" : "clients.bulk.tagged", words),
          sum.refused > 0 &&
            t("clients.bulk.refused", { count: sum.refused, number: format.number(sum.refused) }),
          ended.signal.aborted && t("clients.bulk.stopped"),
        ]
          .filter(Boolean)
          .join(" "),
      );
      selection.clear();
      onClose();
    } catch (error) {
      if (ended.signal.aborted && !(error instanceof Failure)) onClose();
      else setFailure(error);
    } finally {
      abort.current = null;
      // Of which of them are gone nothing is known: whichever is opened is read.
      if (act === "delete") queries.removeQueries({ queryKey: ["clients", "one"], type: "inactive" });
      void changed(queries, "clients");
    }
  };

  return (
    <Modal
      opened
      onClose={running ? () => {} : onClose}
      withCloseButton={!running}
      title={t(`clients.bulk.${act}.title`, { count, number })}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <UnsavedGuard dirty={running} within="query" />
      <form onSubmit={run}>
        <Stack gap="md">
          {act === "delete" ? (
            <Text size="sm">{t("clients.bulk.delete.text", { count, number })}</Text>
          ) : (
            <TagsField
              label={t("clients.tags")}
              description={t("clients.tagsHint")}
              value={tags}
              onChange={setTags}
              maxTags={50}
              disabled={running}
              data-autofocus
            />
          )}
          {must !== undefined && (
            <TextInput
              label={t("ui.confirm.type", { text: must })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              disabled={running}
              data-autofocus
            />
          )}
          {progress && (
            <ProgressBar label={t("clients.bulk.progress")} done={progress.done} total={count} rate={rate} />
          )}
          {failure !== null && (
            <FailureAlert
              error={failure}
              title={t("clients.bulk.failed", { number: format.number(progress?.done ?? 0) })}
            />
          )}
          <Group justify="flex-end" gap="sm">
            {running ? (
              <Button variant="default" onClick={() => abort.current?.abort()}>
                {t("clients.bulk.stop")}
              </Button>
            ) : (
              <Button
                variant="default"
                onClick={onClose}
                {...(act === "delete" && must === undefined && { "data-autofocus": true })}
              >
                {t("ui.cancel")}
              </Button>
            )}
            <Button
              type="submit"
              color={act === "delete" ? DANGER : undefined}
              disabled={!ready}
              loading={running}
            >
              {t(`clients.bulk.${act}.confirm`, { count, number })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
