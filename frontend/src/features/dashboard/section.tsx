import { Group, Paper, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  id: string;
  title: string;
  /** Beside the title: the way to more. */
  more?: ReactNode;
  children: ReactNode;
}

/** One part of the dashboard. */
export function Section({ id, title, more, children }: Props) {
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title id={id} order={2} size="h5">
          {title}
        </Title>
        {more}
      </Group>
      {children}
    </Paper>
  );
}
