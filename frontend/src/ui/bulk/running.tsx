import { Button, Group, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { me } from "@/api/queries/me";
import { session } from "@/auth/session";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "../failure-alert";
import { notify } from "../notify";
import { ProgressBar } from "../progress-bar";
import type { BulkProgress, BulkWork } from "./work";

type Label = "clients.bulk.progress" | "reports.resolve.progress";

export interface Task<Progress extends BulkProgress> {
  work: BulkWork<Progress>;
  /** How many it is for. */
  count: number;
  /** What is counted: "Clients done". */
  label: Label;
  /** Says what came of it, in the language that is chosen by then. */
  outcome: (progress: Progress) => string;
  /** What it changed has to be read anew: after it, and after each time that it stopped. */
  changed: () => void;
}

let tasks = 0;

/**
 * Does it while one goes on working: a notification that belongs to no page shows how far it is, stops it, and goes on
 * after a failure. The tab asks before it is closed meanwhile.
 */
export function runBulk<Progress extends BulkProgress>(queries: QueryClient, task: Task<Progress>): void {
  const { work, count, label } = task;
  const id = `bulk-${++tasks}`;
  // A landmark, as it stands outside those of the page and asks for more than to be heard.
  const place = { role: "region", "aria-label": i18next.t(label) } as const;
  const shown = { id, autoClose: false, withCloseButton: false, ...place };
  const hide = () => notifications.hide(id);
  const person = () => queries.getQueryData(me().queryKey)?.id;
  const owner = person();

  const run = async () => {
    // What somebody else who signed in has is not what was chosen.
    if (person() !== owner) return hide();
    const ended = new AbortController();
    const stop = () => ended.abort();
    const unwatch = session.subscribe((event) => {
      if (event === "signed-out") stop();
    });
    window.addEventListener("beforeunload", ask);
    const began = Date.now();
    let before: number | null = null;
    let at = null as Progress | null;
    const show = (progress: Progress) => {
      at = progress;
      before ??= progress.done;
      const seconds = (Date.now() - began) / 1000;
      const rate = seconds > 1 ? (progress.done - before) / seconds : undefined;
      const message = <Running label={label} done={progress.done} total={count} rate={rate} stop={stop} />;
      notifications.update({ ...shown, color: "indigo", message });
    };
    const over = () => {
      hide();
      // After signing out nobody is there to be told.
      if (!session.held || !at) return;
      notify(
        [task.outcome(at), ended.signal.aborted && i18next.t("ui.bulk.stopped")].filter(Boolean).join(" "),
      );
    };
    try {
      await work(show, ended.signal);
      over();
    } catch (error) {
      if (ended.signal.aborted) over();
      else {
        const message = <Failed error={error} done={at?.done ?? 0} goOn={() => void run()} leave={hide} />;
        notifications.update({ ...shown, color: "red", message });
      }
    } finally {
      window.removeEventListener("beforeunload", ask);
      unwatch();
      task.changed();
    }
  };
  notifications.show({ ...shown, message: null });
  void run();
}

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

interface RunningProps {
  label: Label;
  done: number;
  total: number;
  rate: number | undefined;
  stop: () => void;
}

function Running({ label, done, total, rate, stop }: RunningProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <ProgressBar label={t(label)} done={done} total={total} rate={rate} />
      <Button variant="default" size="compact-sm" onClick={stop} style={{ alignSelf: "flex-end" }}>
        {t("ui.bulk.stop")}
      </Button>
    </Stack>
  );
}

interface FailedProps {
  error: unknown;
  done: number;
  goOn: () => void;
  leave: () => void;
}

function Failed({ error, done, goOn, leave }: FailedProps) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Stack gap="xs">
      <FailureAlert error={error} title={t("ui.bulk.failed", { number: format.number(done) })} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" size="compact-sm" onClick={leave}>
          {t("ui.close")}
        </Button>
        <Button size="compact-sm" onClick={goOn}>
          {t("ui.bulk.goOn")}
        </Button>
      </Group>
    </Stack>
  );
}
