import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

/** Names the page in the browser's tab. */
export function usePageTitle(title: string) {
  const { t } = useTranslation();
  const app = t("app.name");
  useEffect(() => {
    document.title = `${title} · ${app}`;
  }, [title, app]);
}

let awaited = false;

/**
 * Gives the focus to the heading of a new page, without which the change is silent for those who listen. One that comes
 * later, with what is read for it, takes it then.
 */
export function focusHeading() {
  const heading = document.querySelector<HTMLElement>("h1");
  awaited = !heading;
  heading?.focus({ preventScroll: true });
}

function useAwaitedFocus() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Whoever has gone on meanwhile, as in the menu, stays there.
    if (awaited && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
    awaited = false;
  }, []);
  return heading;
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
  const heading = useAwaitedFocus();
  return (
    <Group component="header" justify="space-between" align="flex-start" gap="md" mb="lg">
      <Stack gap={4} miw={0} style={{ flex: "1 1 280px" }}>
        <Title
          ref={heading}
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
