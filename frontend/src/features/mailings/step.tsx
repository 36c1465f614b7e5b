import { Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  number: number;
  title: string;
  lead?: string;
  /** All it needs is there. */
  done?: boolean;
  /** Something in it was found wrong. */
  wrong?: boolean;
  children: ReactNode;
}

/** One step of preparing a mailing. All of them are on the page: none hides what was entered. */
export function Step({ number, title, lead, done = false, wrong = false, children }: Props) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Paper component="section" withBorder p={{ base: "md", sm: "lg" }} aria-labelledby={id}>
      <Group align="flex-start" gap="md" wrap="nowrap" mb="md">
        <ThemeIcon
          size={32}
          radius="xl"
          variant={wrong || done ? "filled" : "light"}
          color={wrong ? "red.9" : done ? "teal.9" : "indigo"}
          {...(wrong || done
            ? { role: "img", "aria-label": t(wrong ? "mailingForm.stepWrong" : "mailingForm.stepDone") }
            : { "aria-hidden": true })}
        >
          {wrong ? (
            <IconAlertTriangle size={18} aria-hidden />
          ) : done ? (
            <IconCheck size={18} aria-hidden />
          ) : (
            number
          )}
        </ThemeIcon>
        <Stack gap={2}>
          <Title order={2} size="h4" id={id} lh="32px">
            {title}
          </Title>
          {lead && (
            <Text size="sm" c="dimmed">
              {lead}
            </Text>
          )}
        </Stack>
      </Group>
      {children}
    </Paper>
  );
}
