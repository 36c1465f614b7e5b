import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { failureWords } from "./failure-words";

/** Long enough to read a sentence, and to see that it can be undone. In milliseconds; the pointer on it holds it. */
const READ = 6_000;
const UNDO = 10_000;

interface Undo {
  /** Takes the act back. Resolves when that is done. */
  undo: () => Promise<unknown>;
  /** How long it can be undone, in milliseconds, where the act says so itself. */
  for?: number;
}

/** Says that an act was done; it goes by itself. With `undo` the act can be taken back from there. */
export function notify(text: string, more?: Undo): void {
  const id = notifications.show({
    message: more ? (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text}</Text>
        <Button
          variant="default"
          size="compact-sm"
          onClick={async () => {
            notifications.hide(id);
            await more.undo().catch((error: unknown) => notifyFailure(i18next.t("ui.undoFailed"), error));
          }}
        >
          {i18next.t("ui.undo")}
        </Button>
      </Group>
    ) : (
      text
    ),
    color: "teal",
    autoClose: more ? (more.for ?? UNDO) : READ,
    role: "status",
    closeButtonProps: { "aria-label": i18next.t("ui.close") },
  });
}

/** Says that something done in the background did not work; it stays until it is closed. Where a form or a page can say it, that is the better place. */
export function notifyFailure(title: string, error: unknown): void {
  notifications.show({
    title,
    message: failureWords(i18next.t, error).text,
    color: "red",
    autoClose: false,
    role: "alert",
    closeButtonProps: { "aria-label": i18next.t("ui.close") },
  });
}
