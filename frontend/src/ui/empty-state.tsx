import { Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

interface Props {
  icon: Icon;
  title: string;
  text: string;
  /** The next step; an empty screen without one is a dead end. */
  children: ReactNode;
  /** 1 where it is the whole page. */
  order?: 1 | 2;
}

/** What stands where rows would be: why there are none, and what to do next. */
export function EmptyState({ icon: Shape, title, text, children, order = 2 }: Props) {
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="md" maw={560} mx="auto" py="md">
        <ThemeIcon size={48} radius="xl" variant="light" aria-hidden>
          <Shape size={24} />
        </ThemeIcon>
        <Stack gap={4} align="center">
          <Title order={order} size="h4" ta="center" tabIndex={-1}>
            {title}
          </Title>
          <Text c="dimmed" ta="center">
            {text}
          </Text>
        </Stack>
        {children}
      </Stack>
    </Paper>
  );
}
