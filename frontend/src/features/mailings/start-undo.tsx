import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { changed } from "@/api/queries/keys";
import { act, changeMailing, scheduleAt, serverTime } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { forgetStart, keepStart, keptStart, subscribeToStarts, UNDO } from "./kept-starts";

/** The server tells its time in whole seconds, which may be a second too early. */
const SECOND = 1_000;

export interface Start {
  id: number;
  name: string;
  /** When it was to start before, to which it goes back; null of a draft, which then has no time again. */
  planned: string | null;
}

/**
 * Starts a mailing in ten seconds by the server's clock and says so in a notification that counts them down and takes
 * the start back. The notification belongs to no page: it stays while one goes elsewhere in the interface.
 */
export async function startWithUndo(queries: QueryClient, start: Start): Promise<void> {
  const { id, planned } = start;
  await scheduleAt(id, new Date((await serverTime(id)) + UNDO + SECOND).toISOString());
  const end = Date.now() + UNDO;
  keepStart(id, { end, planned });
  await changed(queries, "mailings");
  notifications.hide(shownAs(id));
  offer(queries, start, end);
}

/** The mailings whose pages are open: there it is offered in the page, and not in a notification too. */
const onPage = new Set<number>();

/**
 * Offers on a mailing's page to take its start back as long as that can be done, also where it was not this page that
 * started it. It stands first beside what may be done with the mailing, so that the Tab key finds it after the heading; who
 * leaves the page has the notification instead.
 */
export function StartUndo({ mailing: { id, name, status }, own }: { mailing: Mailing; own: boolean }) {
  const queries = useQueryClient();
  const end = useSyncExternalStore(subscribeToStarts, () => keptStart(id)?.end);
  const [offered, setOffered] = useState<{ start: Start; end: number } | null>(null);
  const waits = own && status === "scheduled";
  // Not with the first render: what comes into a live region is read out, what it comes with is not.
  useEffect(() => {
    const kept = keptStart(id);
    if (waits && kept && kept.end === end) setOffered({ start: { id, name, planned: kept.planned }, end });
  }, [id, name, waits, end]);
  useEffect(() => {
    onPage.add(id);
    if (keptStart(id)) notifications.hide(shownAs(id));
    return () => {
      onPage.delete(id);
      const kept = keptStart(id);
      if (own && kept) offer(queries, { id, name, planned: kept.planned }, kept.end);
    };
  }, [queries, id, name, own]);
  return (
    <div role="status" className="live">
      {offered && (
        <Countdown
          key={offered.end}
          id={id}
          name={name}
          end={offered.end}
          undo={() => takeBack(queries, offered.start)}
          over={() => setOffered(null)}
        />
      )}
    </div>
  );
}

/** Offers it no more: the mailing does not start. */
export function endStartUndo(id: number): void {
  forgetStart(id);
  notifications.hide(shownAs(id));
}

const shownAs = (id: number) => `start-${id}`;

const takingBack = new Map<number, Promise<void>>();

/** Takes a start back, once: who asks again meanwhile, in the page and in the notification, waits for the same. */
function takeBack(queries: QueryClient, { id, planned }: Start): Promise<void> {
  const undo = async () => {
    await act(id, "unschedule");
    await (planned ? scheduleAt(id, planned) : changeMailing(id, undefined, { start_at: null }));
    endStartUndo(id);
    await changed(queries, "mailings");
  };
  const running = takingBack.get(id) ?? undo().finally(() => takingBack.delete(id));
  takingBack.set(id, running);
  return running;
}

/** Shows the notification, unless it is there or the page offers the same. */
function offer(queries: QueryClient, start: Start, end: number): void {
  const { id, name } = start;
  if (onPage.has(id) && keptStart(id)) return;
  const undo = () => takeBack(queries, start);
  notifications.show({
    id: shownAs(id),
    message: (
      <Countdown id={id} name={name} end={end} undo={undo} over={() => notifications.hide(shownAs(id))} />
    ),
    color: "indigo",
    autoClose: false,
    withCloseButton: false,
    role: "status",
  });
}

interface Props {
  id: number;
  name: string;
  /** When it starts by the clock of this machine, in milliseconds since the epoch. */
  end: number;
  undo: () => Promise<unknown>;
  over: () => void;
}

function Countdown({ id, name, end, undo, over }: Props) {
  const { t } = useTranslation();
  const [left, setLeft] = useState(() => secondsTo(end));
  const [undoing, setUndoing] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const pressed = useRef(false);

  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsTo(end)), 250);
    return () => clearInterval(timer);
  }, [end]);
  // It was taken back, or started anew, also in another tab.
  useEffect(() => subscribeToStarts(() => keptStart(id)?.end !== end && over()), [id, end, over]);
  // Somebody who is just taking it back must see what came of it.
  const done = left <= 0 && !undoing && failure === null;
  useEffect(() => {
    if (done) over();
  }, [done, over]);

  const press = async () => {
    // The state comes with the next render, which is too late for a double click.
    if (pressed.current) return;
    pressed.current = true;
    setUndoing(true);
    try {
      await undo();
      notify(t("mailing.undone", { name }));
    } catch (error) {
      setFailure(error);
    } finally {
      pressed.current = false;
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
      <Button variant="default" size="compact-sm" onClick={press} loading={undoing} flex="none">
        {t("ui.undo")}
      </Button>
    </Group>
  );
}

function secondsTo(end: number): number {
  return Math.max(0, Math.ceil((end - Date.now()) / 1000));
}
