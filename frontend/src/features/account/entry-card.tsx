import { Container, Paper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { usePageTitle } from "@/ui/page-header";

interface Props {
  title: string;
  lead?: string | undefined;
  children: ReactNode;
  /** Where else one may want to go. */
  footer?: ReactNode;
}

/** The narrow card of the pages that lead into the application. */
export function EntryCard({ title, lead, children, footer }: Props) {
  usePageTitle(title);
  return (
    <Container size={440} px={0} py={{ base: 0, sm: "xl" }}>
      <Title order={1} size="h2" ta="center" tabIndex={-1}>
        {title}
      </Title>
      {lead && (
        <Text c="dimmed" ta="center" mt={4}>
          {lead}
        </Text>
      )}
      <Paper withBorder p={{ base: "md", sm: "lg" }} mt="lg">
        {children}
      </Paper>
      {footer && (
        <Text size="sm" ta="center" mt="md">
          {footer}
        </Text>
      )}
    </Container>
  );
}
