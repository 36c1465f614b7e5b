import { PasswordInput, type PasswordInputProps, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { StrengthHint } from "./strength-hint";

interface Props extends PasswordInputProps {
  /** What was typed so far. */
  typed: string;
}

/** A field for a password that one chooses, with how good it is. */
export function NewPassword({ typed, ...input }: Props) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <PasswordInput
        description={t("register.hint")}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
        {...input}
      />
      {typed && <StrengthHint password={typed} />}
    </Stack>
  );
}
