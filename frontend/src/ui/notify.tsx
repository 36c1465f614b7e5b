import { Button, Group, Stack, Text } from "@mantine/core";
import { randomId } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { FailureAlert } from "./failure-alert";
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
  const id = randomId();
  const shown = {
    id,
    message: more ? (
      <Undoable
        text={text}
        undo={more.undo}
        hold={(running) => notifications.update({ ...shown, autoClose: false, withCloseButton: !running })}
        over={() => notifications.hide(id)}
      />
    ) : (
      text
    ),
    color: "teal",
    autoClose: more ? (more.for ?? UNDO) : READ,
    role: "status",
    closeButtonProps: { "aria-label": i18next.t("ui.close") },
  };
  notifications.show(shown);
}

interface UndoableProps {
  text: string;
  undo: () => Promise<unknown>;
  /** Keeps the notification where it is; while it is being taken back nobody closes it either. */
  hold: (running: boolean) => void;
  over: () => void;
}

/** An act that was done, until it is taken back. Where that fails it says so and can be tried again. */
function Undoable({ text, undo, hold, over }: UndoableProps) {
  const { t } = useTranslation();
  const [undoing, setUndoing] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  // The state comes with the next render, which is too late for a double click.
  const running = useRef(false);

  const takeBack = async () => {
    if (running.current) return;
    running.current = true;
    setUndoing(true);
    hold(true);
    try {
      await undo();
      over();
    } catch (error) {
      setFailure(error);
      hold(false);
      running.current = false;
      setUndoing(false);
    }
  };
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text}</Text>
        <Button variant="default" size="compact-sm" flex="none" loading={undoing} onClick={takeBack}>
          {t("ui.undo")}
        </Button>
      </Group>
      {failure !== null && <FailureAlert error={failure} title={t("ui.undoFailed")} />}
    </Stack>
  );
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
