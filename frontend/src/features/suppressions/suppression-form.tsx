import { Button, Group, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { suppress, unsuppress } from "@/api/queries/suppressions";
import { SUPPRESSION_REASONS, type SuppressionReason } from "@/api/types";
import { looksLikeEmail } from "@/format/email";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { notify } from "@/ui/notify";
import { UnsavedGuard } from "@/ui/unsaved-guard";

/** An address that must not be mailed; it need not be a client's. */
export function SuppressionForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useForm({
    initialValues: { email: "", reason: "blocked" as SuppressionReason, note: "" },
    validate: {
      email: (value) => (looksLikeEmail(value) ? null : t(value.trim() ? "form.email" : "form.required")),
    },
  });
  const { onSubmit, pending, failure } = useFormSubmit(
    form,
    async (values) => {
      const made = await suppress({ ...values, email: values.email.trim() });
      onClose();
      notify(t("suppressions.added", { email: made.email }), {
        undo: async () => {
          await unsuppress(made.id);
          await changed(queries, "suppressions");
        },
      });
      await changed(queries, "suppressions");
    },
    ({ status }) => (status === 409 ? { email: t("suppressions.taken") } : {}),
  );
  return (
    <>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {failure !== null && <FailureAlert error={failure} />}
          <TextInput
            {...form.getInputProps("email")}
            label={t("clients.email")}
            type="email"
            autoComplete="off"
            required
            data-autofocus
          />
          <NativeSelect
            {...form.getInputProps("reason")}
            label={t("suppressions.reason")}
            data={SUPPRESSION_REASONS.map((value) => ({ value, label: t(`state.client.${value}`) }))}
          />
          <Textarea
            {...form.getInputProps("note")}
            label={t("suppressions.note")}
            description={t("suppressions.noteHint")}
            autosize
            minRows={2}
          />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={pending}>
              {t("suppressions.save")}
            </Button>
          </Group>
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty() && !pending} within="panel" />
    </>
  );
}
