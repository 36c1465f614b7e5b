import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { changed } from "@/api/queries/keys";
import { act, changeMailing, scheduleAt, serverTime } from "@/api/queries/mailings";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";

/** How long a start can be taken back, in milliseconds. */
const UNDO = 10_000;
/** The server tells its time in whole seconds, which may be a second too early. */
const SECOND = 1_000;

export interface Start {
  id: number;
  name: string;
  /** Takes the mailing, which is a draft then, back to what it was before; without it, to a draft that has no start yet. */
  back?: () => Promise<unknown>;
}

/**
 * Starts a mailing in ten seconds by the server's clock and says so in a notification that counts them down and takes
 * the start back. The notification belongs to no page: it stays while one goes elsewhere in the interface.
 */
export async function startWithUndo(queries: QueryClient, start: Start): Promise<void> {
  const { id, name, back = () => changeMailing(id, undefined, { start_at: null }) } = start;
  await scheduleAt(id, new Date((await serverTime(id)) + UNDO + SECOND).toISOString());
  const end = Date.now() + UNDO;
  await changed(queries, "mailings");
  const shown = `start-${id}`;
  const undo = async () => {
    await act(id, "unschedule");
    await back();
    notifications.hide(shown);
    await changed(queries, "mailings");
  };
  notifications.hide(shown);
  notifications.show({
    id: shown,
    message: <Countdown name={name} end={end} undo={undo} over={() => notifications.hide(shown)} />,
    color: "indigo",
    autoClose: false,
    withCloseButton: false,
    role: "status",
  });
}

interface Props {
  name: string;
  /** When it starts by the clock of this machine, in milliseconds since the epoch. */
  end: number;
  undo: () => Promise<unknown>;
  over: () => void;
}

function Countdown({ name, end, undo, over }: Props) {
  const { t } = useTranslation();
  const [left, setLeft] = useState(() => secondsTo(end));
  const [undoing, setUndoing] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsTo(end)), 250);
    return () => clearInterval(timer);
  }, [end]);
  // Somebody who is just taking it back must see what came of it.
  const done = left <= 0 && !undoing && failure === null;
  useEffect(() => {
    if (done) over();
  }, [done, over]);

  const takeBack = async () => {
    setUndoing(true);
    try {
      await undo();
      notify(t("mailing.undone", { name }));
    } catch (error) {
      setFailure(error);
    } finally {
      setUndoing(false);
    }
  };
  if (failure !== null) {
    const tooLate = failure instanceof Failure && failure.status === 409;
    return (
      <>
        <FailureAlert error={failure} title={t("ui.undoFailed")}>
          {tooLate ? t("mailing.undoTooLate", { name }) : undefined}
        </FailureAlert>
        <Button variant="default" size="compact-sm" mt="xs" onClick={over}>
          {t("ui.close")}
        </Button>
      </>
    );
  }
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm" className="tabular" style={{ overflowWrap: "anywhere" }}>
        {t("mailing.startsIn", { name })} {/* Read out once, not every second. */}
        <Text span inherit fw={600} aria-hidden>
          {t("mailing.seconds", { count: left })}
        </Text>
      </Text>
      <Button variant="default" size="compact-sm" onClick={takeBack} loading={undoing} flex="none">
        {t("ui.undo")}
      </Button>
    </Group>
  );
}

function secondsTo(end: number): number {
  return Math.max(0, Math.ceil((end - Date.now()) / 1000));
}
