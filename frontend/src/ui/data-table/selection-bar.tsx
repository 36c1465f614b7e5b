import { Button, CloseButton, Group, Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/format/use-format";
import classes from "./data-table.module.css";
import type { Selection } from "./selection";

interface Props {
  selection: Selection;
  /** How many rows the filter finds; unknown while they are counted. */
  total: number | undefined;
  /** What can be done with the selected rows. */
  children: ReactNode;
}

/** Says how many rows are selected, goes from those shown to all that the filter finds, and offers what to do with them. */
export function SelectionBar({ selection, total, children }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const count = selection.count(total);
  if (count === 0) return null;
  const more = !selection.value.all && total !== undefined && (count ?? 0) < total;
  return (
    <Paper withBorder p="sm" className={classes.bar} role="region" aria-label={t("ui.table.selection")}>
      <Group gap="sm">
        <Group gap={4} wrap="nowrap">
          <Text size="sm" fw={500} role="status" className="tabular">
            {count === undefined
              ? t("ui.table.selectedAll")
              : t("ui.table.selected", { count, number: format.number(count) })}
          </Text>
          <CloseButton aria-label={t("ui.table.clearSelection")} onClick={selection.clear} />
        </Group>
        {more && (
          <Button variant="subtle" size="compact-sm" onClick={selection.setAll}>
            {t("ui.table.selectAll", { number: format.number(total) })}
          </Button>
        )}
        <Group gap="xs" ml="auto">
          {children}
        </Group>
      </Group>
    </Paper>
  );
}
