import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changePassword } from "@/api/queries/sessions";
import { useMe } from "@/auth/use-session";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { notify } from "@/ui/notify";
import { NewPassword } from "./new-password";
import { MIN_PASSWORD } from "./validation";

const EMPTY = { current_password: "", new_password: "" };

/** Changes the password; the other sessions end with it. */
export function PasswordForm() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const user = useMe();
  const [typed, setTyped] = useState("");
  const form = useForm({
    mode: "uncontrolled",
    initialValues: EMPTY,
    validate: {
      current_password: (value) => (value ? null : t("form.required")),
      new_password: (value) =>
        [...value].length >= MIN_PASSWORD ? null : t("form.tooShort", { least: MIN_PASSWORD }),
    },
    onValuesChange: (values) => setTyped(values.new_password),
  });
  const { onSubmit, pending, failure } = useFormSubmit(form, async (values) => {
    await changePassword(values.current_password, values.new_password);
    form.setValues(EMPTY);
    form.resetDirty();
    setTyped("");
    notify(t("profile.passwordChanged"));
    await changed(queries, "me");
  });
  const eye = { "aria-label": t("signIn.showPassword") };
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        {failure !== null && <FailureAlert error={failure} />}
        {/* So that a password manager knows whose password it keeps. */}
        <input type="hidden" name="username" autoComplete="username" value={user?.email ?? ""} readOnly />
        <PasswordInput
          key={form.key("current_password")}
          {...form.getInputProps("current_password")}
          label={t("profile.currentPassword")}
          name="current_password"
          autoComplete="current-password"
          visibilityToggleButtonProps={eye}
        />
        <NewPassword
          key={form.key("new_password")}
          {...form.getInputProps("new_password")}
          label={t("profile.newPassword")}
          name="new_password"
          typed={typed}
        />
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={pending}>
            {t("profile.changePassword")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
