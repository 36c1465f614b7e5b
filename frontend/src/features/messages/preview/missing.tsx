import { Alert, Code, Group, Text } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "../editor.module.css";

/** Names the placeholders that came out empty. */
export function Missing({ paths }: { paths: string[] }) {
  const { t } = useTranslation();
  return (
    <Alert
      color="yellow"
      icon={<IconEyeOff aria-hidden />}
      title={t("messages.preview.missing", { count: paths.length })}
      styles={{ title: { color: "var(--mantine-color-text)" } }}
    >
      <Group gap={6}>
        {paths.map((path) => (
          <Code key={path} className={classes.missing}>
            {path}
          </Code>
        ))}
      </Group>
      <Text size="xs" mt={6}>
        {t("messages.preview.missingHint")}
      </Text>
    </Alert>
  );
}
