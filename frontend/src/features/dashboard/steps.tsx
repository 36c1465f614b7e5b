import { Anchor, Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { FirstSteps } from "@/api/queries/first-steps";
import { place } from "@/ui/place";
import classes from "./attention.module.css";

const STEPS = [
  { step: "clients", link: place("/clients") },
  { step: "message", link: place("/messages") },
  { step: "mailing", link: place("/mailings/new") },
] as const;

/** What leads to the first mailing; each step is ticked off when it has happened. */
export function Steps({ done }: { done: FirstSteps }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby="steps">
      <Title id="steps" order={2} size="h4">
        {t("dashboard.steps.title")}
      </Title>
      <Text c="dimmed" mb="md">
        {t("dashboard.steps.text")}
      </Text>
      <Stack component="ol" gap="md" className={classes.list ?? ""}>
        {STEPS.map(({ step, link }, index) => (
          <Group component="li" key={step} wrap="nowrap" align="flex-start" gap="sm">
            <ThemeIcon
              radius="xl"
              size={28}
              variant={done[step] ? "filled" : "default"}
              color="teal.9"
              {...(done[step]
                ? {
                    role: "img",
                    "aria-label": t("dashboard.steps.done", { step: t(`dashboard.steps.${step}`) }),
                  }
                : { "aria-hidden": true })}
            >
              {done[step] ? <IconCheck size={16} aria-hidden /> : index + 1}
            </ThemeIcon>
            <div>
              <Anchor fw={600} renderRoot={(props) => <Link {...props} {...link} />}>
                {t(`dashboard.steps.${step}`)}
              </Anchor>
              <Text size="sm" c="dimmed">
                {t(`dashboard.steps.${step}Text`)}
              </Text>
            </div>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}
