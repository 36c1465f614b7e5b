import {
  ActionIcon,
  Popover,
  ScrollArea,
  Stack,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBraces } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { knownAttributes } from "@/api/queries/messages";
import { onlyOwn } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import classes from "./editor.module.css";
import { attributePath, PLACEHOLDERS, writePlaceholder } from "./placeholders";

/** The attributes that one's own newest clients have, with an example of each. */
export function useAttributes() {
  const me = useMe();
  const owner_id = onlyOwn(me, "clients.view_all");
  return useQuery({ ...knownAttributes({ owner_id }), enabled: me !== undefined });
}

/** The same; undefined until they are known. */
export function useKnownAttributes(): Record<string, unknown> | undefined {
  return useAttributes().data;
}

/** Offers what can be put in, with a default for what some clients lack. `what` names where it goes. */
export function PlaceholderPicker({ onPick, what }: { onPick: (source: string) => void; what: string }) {
  const { t } = useTranslation();
  const [opened, { toggle, close }] = useDisclosure(false);
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      position="bottom-end"
      trapFocus
      returnFocus
      width={320}
    >
      <Popover.Target>
        <Tooltip label={t("messages.placeholder.insert")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            size="lg"
            onClick={toggle}
            aria-label={`${t("messages.placeholder.insert")}: ${what}`}
            aria-expanded={opened}
          >
            <IconBraces size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="sm" aria-label={t("messages.placeholder.insert")}>
        <Choices
          onPick={(source) => {
            close();
            onPick(source);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choices({ onPick }: { onPick: (source: string) => void }) {
  const { t } = useTranslation();
  const attributes = useKnownAttributes() ?? {};
  const [fallback, setFallback] = useState("");
  const names = Object.keys(attributes).toSorted();

  const choice = (path: string, label: string, mayLack: boolean) => (
    <UnstyledButton
      key={path}
      className={classes.choice ?? ""}
      onClick={() => onPick(writePlaceholder(path, mayLack ? fallback.trim() : ""))}
    >
      <span>{label}</span>
      <code>{path}</code>
    </UnstyledButton>
  );
  const group = (name: "client" | "mailing") =>
    PLACEHOLDERS.filter((known) => known.group === name).map(({ path, mayLack }) =>
      choice(path, t(`messages.placeholder.known.${path.replace(".", "_") as "client_email"}`), mayLack),
    );

  return (
    <Stack gap="xs">
      <TextInput
        size="xs"
        label={t("messages.placeholder.fallback")}
        description={t("messages.placeholder.fallbackHint")}
        value={fallback}
        onChange={(event) => setFallback(event.currentTarget.value)}
        maxLength={100}
      />
      <ScrollArea.Autosize mah={300} type="auto">
        <Stack gap={2}>
          <Text size="xs" c="dimmed">
            {t("messages.placeholder.client")}
          </Text>
          {group("client")}
          {names.map((name) => choice(attributePath(name), name, true))}
          <Text size="xs" c="dimmed" mt={4}>
            {t("messages.placeholder.mailing")}
          </Text>
          {group("mailing")}
        </Stack>
      </ScrollArea.Autosize>
    </Stack>
  );
}
