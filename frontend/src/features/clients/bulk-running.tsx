import { Button, Group, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { me } from "@/api/queries/me";
import { session } from "@/auth/session";
import { createFormat } from "@/format/format";
import { useFormat } from "@/format/use-format";
import { language } from "@/i18n";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { ProgressBar } from "@/ui/progress-bar";
import type { BulkProgress, BulkWork } from "./bulk";

export interface Task {
  work: BulkWork;
  /** How many clients it is for. */
  count: number;
  deletes: boolean;
}

let tasks = 0;

/**
 * Does it while one goes on working: a notification that belongs to no page shows how far it is, stops it, and goes on
 * after a failure. The tab asks before it is closed meanwhile.
 */
export function runBulk(queries: QueryClient, { work, count, deletes }: Task): void {
  const id = `bulk-${++tasks}`;
  // A landmark, as it stands outside those of the page and asks for more than to be heard.
  const place = { role: "region", "aria-label": i18next.t("clients.bulk.progress") } as const;
  const shown = { id, autoClose: false, withCloseButton: false, ...place };
  const hide = () => notifications.hide(id);
  const person = () => queries.getQueryData(me().queryKey)?.id;
  const owner = person();

  const run = async () => {
    // The clients of somebody else who signed in are not those that were chosen.
    if (person() !== owner) return hide();
    const ended = new AbortController();
    const stop = () => ended.abort();
    const unwatch = session.subscribe((event) => {
      if (event === "signed-out") stop();
    });
    window.addEventListener("beforeunload", ask);
    const began = Date.now();
    let before: number | null = null;
    let at: BulkProgress = { done: 0, changed: 0, refused: 0 };
    const show = (progress: BulkProgress) => {
      at = progress;
      before ??= progress.done;
      const seconds = (Date.now() - began) / 1000;
      const rate = seconds > 1 ? (progress.done - before) / seconds : undefined;
      const message = <Running done={progress.done} total={count} rate={rate} stop={stop} />;
      notifications.update({ ...shown, color: "indigo", message });
    };
    const over = () => {
      hide();
      // After signing out nobody is there to be told.
      if (session.held) notify(outcome(at, deletes, ended.signal.aborted));
    };
    try {
      await work(show, ended.signal);
      over();
    } catch (error) {
      if (ended.signal.aborted) over();
      else {
        const message = <Failed error={error} done={at.done} goOn={() => void run()} leave={hide} />;
        notifications.update({ ...shown, color: "red", message });
      }
    } finally {
      window.removeEventListener("beforeunload", ask);
      unwatch();
      // Of which of them are gone nothing is known: whichever is opened is read.
      if (deletes) queries.removeQueries({ queryKey: ["clients", "one"], type: "inactive" });
      void changed(queries, "clients");
    }
  };
  notifications.show({ ...shown, message: null });
  void run();
}

const ask = (event: BeforeUnloadEvent) => event.preventDefault();

function outcome({ changed, refused }: BulkProgress, deletes: boolean, stopped: boolean): string {
  const format = createFormat(language(), undefined);
  const words = (count: number) => ({ count, number: format.number(count) });
  return [
    i18next.t(deletes ? "clients.bulk.deleted" : "clients.bulk.tagged", words(changed)),
    refused > 0 && i18next.t("clients.bulk.refused", words(refused)),
    stopped && i18next.t("clients.bulk.stopped"),
  ]
    .filter(Boolean)
    .join(" ");
}

interface RunningProps {
  done: number;
  total: number;
  rate: number | undefined;
  stop: () => void;
}

function Running({ done, total, rate, stop }: RunningProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <ProgressBar label={t("clients.bulk.progress")} done={done} total={total} rate={rate} />
      <Button variant="default" size="compact-sm" onClick={stop} style={{ alignSelf: "flex-end" }}>
        {t("clients.bulk.stop")}
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
      <FailureAlert error={error} title={t("clients.bulk.failed", { number: format.number(done) })} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" size="compact-sm" onClick={leave}>
          {t("ui.close")}
        </Button>
        <Button size="compact-sm" onClick={goOn}>
          {t("clients.bulk.goOn")}
        </Button>
      </Group>
    </Stack>
  );
}
