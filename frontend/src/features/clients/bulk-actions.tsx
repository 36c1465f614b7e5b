import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconTagMinus, IconTagPlus, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ClientFilter } from "@/api/queries/clients";
import { changed } from "@/api/queries/keys";
import { createFormat } from "@/format/format";
import { useFormat } from "@/format/use-format";
import { language } from "@/i18n";
import { runBulk } from "@/ui/bulk/running";
import { DANGER } from "@/ui/confirm-dialog";
import type { Selection } from "@/ui/data-table/selection";
import { TagsField } from "@/ui/tags-field";
import { bulkWork, type ClientsChanged } from "./bulk";

type Act = "addTags" | "removeTags" | "delete";

/** From so many on, deleting wants the number typed. */
const MANY = 100;

interface Props {
  selection: Selection;
  filter: ClientFilter;
  /** How many clients the filter finds. */
  total: number | undefined;
}

/** What can be done with the selected clients, each asked about in a dialog. */
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
  const begun = useRef(false);

  const number = format.number(count);
  const must = act === "delete" && count >= MANY ? String(count) : undefined;
  const ready = act === "delete" ? must === undefined || typed.trim() === must : tags.length > 0;

  const run = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    // Not by a state, which comes with the next render: too late for a double click.
    if (!ready || begun.current) return;
    begun.current = true;
    const change = {
      addTags: { add_tags: tags },
      removeTags: { remove_tags: tags },
      delete: { delete: true },
    }[act];
    const deletes = act === "delete";
    runBulk(queries, {
      work: bulkWork(selection.value, filter, change),
      count,
      label: "clients.bulk.progress",
      outcome: (progress) => outcome(progress, deletes),
      changed: () => {
        // Of which of them are gone nothing is known: whichever is opened is read.
        if (deletes) queries.removeQueries({ queryKey: ["clients", "one"], type: "inactive" });
        void changed(queries, "clients");
      },
    });
    selection.clear();
    onClose();
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`clients.bulk.${act}.title`, { count, number })}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
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
              data-autofocus
            />
          )}
          {must !== undefined && (
            <TextInput
              label={t("ui.confirm.type", { text: must })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
          )}
          <Group justify="flex-end" gap="sm">
            <Button
              variant="default"
              onClick={onClose}
              {...(act === "delete" && must === undefined && { "data-autofocus": true })}
            >
              {t("ui.cancel")}
            </Button>
            <Button type="submit" color={act === "delete" ? DANGER : undefined} disabled={!ready}>
              {t(`clients.bulk.${act}.confirm`, { count, number })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function outcome({ changed, refused }: ClientsChanged, deletes: boolean): string {
  const format = createFormat(language(), undefined);
  const words = (count: number) => ({ count, number: format.number(count) });
  return [
    i18next.t(deletes ? "clients.bulk.deleted" : "clients.bulk.tagged", words(changed)),
    refused > 0 && i18next.t("clients.bulk.refused", words(refused)),
  ]
    .filter(Boolean)
    .join(" ");
}
