import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";

/** Names the page in the browser's tab. */
export function usePageTitle(title: string) {
  const { t } = useTranslation();
  const app = t("app.name");
  useEffect(() => {
    document.title = `${title} · ${app}`;
  }, [title, app]);
}

interface Props {
  title: string;
  /** One line of what this page is. */
  lead?: ReactNode;
  /** The one primary action of the page. */
  action?: ReactNode;
}

/** The head of every page: its name, a line about it, its action on the right. */
export function PageHeader({ title, lead, action }: Props) {
  usePageTitle(title);
  return (
    <Group component="header" justify="space-between" align="flex-start" gap="md" mb="lg">
      <Stack gap={4} miw={0} style={{ flex: "1 1 280px" }}>
        <Title
          order={1}
          size="h2"
          tabIndex={-1}
          lineClamp={2}
          title={title}
          style={{ overflowWrap: "anywhere" }}
        >
          {title}
        </Title>
        {lead && <Text c="dimmed">{lead}</Text>}
      </Stack>
      {action}
    </Group>
  );
}
