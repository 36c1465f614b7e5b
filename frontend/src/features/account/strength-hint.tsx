import { Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { passwordStrength, type Strength } from "./validation";

const looks: Record<Strength, { filled: number; color: string }> = {
  short: { filled: 10, color: "red" },
  weak: { filled: 33, color: "red" },
  fair: { filled: 66, color: "yellow" },
  good: { filled: 100, color: "teal" },
};

/** Says while one types how good the password is; the word is read out, the bar is for the eye. */
export function StrengthHint({ password }: { password: string }) {
  const { t } = useTranslation();
  const strength = passwordStrength(password);
  const { filled, color } = looks[strength];
  return (
    <Group gap="sm" wrap="nowrap">
      <Progress value={filled} color={color} size={4} flex={1} aria-hidden />
      <Text size="sm" c="dimmed" role="status" aria-label={t("register.strength.label")}>
        {t(`register.strength.${strength}`)}
      </Text>
    </Group>
  );
}
