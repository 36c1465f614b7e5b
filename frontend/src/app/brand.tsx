import { Group, Text, UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

export function Brand() {
  const { t } = useTranslation();
  return (
    <UnstyledButton renderRoot={(props) => <Link {...props} to="/" />} aria-label={t("app.home")}>
      <Group gap="xs" wrap="nowrap">
        <img src="/favicon.svg" alt="" width={28} height={28} />
        <Text component="span" fw={650} fz="lg">
          {t("app.name")}
        </Text>
      </Group>
    </UnstyledButton>
  );
}
