import { Button, Modal, Group as Row, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { createGroup, renameGroup } from "@/api/queries/groups";
import { changed } from "@/api/queries/keys";
import type { Group } from "@/api/types";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { notify } from "@/ui/notify";

interface Props {
  opened: boolean;
  onClose: () => void;
  /** The group to rename; without one a new one is made. */
  group?: Group;
}

/** Asks for the name of a group. */
export function GroupName({ opened, onClose, group }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={group ? t("groups.renameTitle", { name: group.name }) : t("groups.add")}
      centered
      closeButtonProps={{ "aria-label": t("ui.close") }}
    >
      <NameForm group={group} onClose={onClose} />
    </Modal>
  );
}

function NameForm({ group, onClose }: { group: Group | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { name: group?.name ?? "" },
    validate: { name: (value) => (value.trim() ? null : t("form.required")) },
  });
  const { onSubmit, pending, failure } = useFormSubmit(
    form,
    async ({ name }) => {
      if (group) await renameGroup(group.id, name.trim());
      else await createGroup(name.trim());
      notify(t(group ? "groups.renamed" : "groups.created", { name: name.trim() }));
      onClose();
      await changed(queries, "groups");
    },
    ({ status, detail }) => (status === 409 ? { name: detail } : {}),
  );
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        {failure !== null && <FailureAlert error={failure} />}
        <TextInput
          key={form.key("name")}
          {...form.getInputProps("name")}
          label={t("groups.name")}
          maxLength={100}
          autoComplete="off"
          data-autofocus
        />
        <Row justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" loading={pending}>
            {t(group ? "groups.save" : "groups.create")}
          </Button>
        </Row>
      </Stack>
    </form>
  );
}
