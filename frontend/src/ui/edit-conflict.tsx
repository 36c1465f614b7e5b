import { Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

export interface FieldChange {
  label: string;
  /** As it stands at the server now, in words. */
  theirs: string;
  /** As it stands in the form, in words. */
  mine: string;
}

interface Props {
  opened: boolean;
  onClose: () => void;
  /** The fields that were changed by somebody else since the form was opened. */
  changes: FieldChange[];
  /** Puts what the server has into the form. */
  onReload: () => void;
  /** Saves the form over it. */
  onOverwrite: () => void;
  /** It is being saved. */
  pending?: boolean;
  /** More ways out, where a screen has them. */
  children?: ReactNode;
}

/** Stands up when a save was refused because somebody else saved first (412): shows what changed and lets the person choose. */
export function EditConflict({ opened, onClose, changes, onReload, onOverwrite, pending, children }: Props) {
  const { t } = useTranslation();
  const shown = (text: string) =>
    text || (
      <Text span c="dimmed" inherit>
        {t("ui.conflict.empty")}
      </Text>
    );
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("ui.conflict.title")}
      size="lg"
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <Stack gap="md">
        <Text size="sm">{changes.length > 0 ? t("ui.conflict.text") : t("ui.conflict.none")}</Text>
        {changes.length > 0 && (
          <Table layout="fixed" style={{ overflowWrap: "anywhere" }}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("ui.conflict.field")}</Table.Th>
                <Table.Th>{t("ui.conflict.theirs")}</Table.Th>
                <Table.Th>{t("ui.conflict.mine")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {changes.map(({ label, theirs, mine }) => (
                <Table.Tr key={label}>
                  <Table.Th scope="row" fw={500}>
                    {label}
                  </Table.Th>
                  <Table.Td>{shown(theirs)}</Table.Td>
                  <Table.Td>{shown(mine)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {children}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onReload} data-autofocus>
            {t("ui.conflict.reload")}
          </Button>
          <Button onClick={onOverwrite} loading={pending ?? false}>
            {t("ui.conflict.overwrite")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
