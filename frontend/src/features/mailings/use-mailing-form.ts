import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changeMailing, createMailing, readMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { useEdit } from "@/ui/use-edit";
import { useAudienceWords } from "./audience-words";
import {
  asOfNow,
  bodyOf,
  clearErrorsOf,
  differenceOf,
  type MailingForm,
  type MailingValues,
  namesAnybody,
  timingOf,
  valuesOf,
} from "./form-values";
import { useScheduleWords } from "./schedule-words";
import { isMoved } from "./use-at-once";
import { MOST_A_MINUTE, useNumberWords } from "./whole-number";

/** The longest that a run may take, and that a late one is still sent: a leap year and a year, as the API has it. */
const LONGEST_RUN = 527_040;
const LONGEST_GRACE = 525_600;

/** What the person asked for when they sent the form. */
export type Intent = "draft" | "go";

interface Options {
  base: Versioned<Mailing> | undefined;
  initial: MailingValues;
  onSaved: (saved: Versioned<Mailing>, intent: Intent, values: MailingValues) => Promise<void> | void;
}

/** The form of a mailing that is new or waits: what it holds, what is wrong with it, and how it is saved. */
export function useMailingForm({ base, initial, onSaved }: Options) {
  const { t } = useTranslation();
  const words = useScheduleWords();
  const audienceWords = useAudienceWords();
  const wrongNumber = useNumberWords();
  const queries = useQueryClient();
  const intent = useRef<Intent>("draft");
  // What the server has as this form knows it; a draft that is saved twice is changed the second time.
  const known = useRef(base);
  const sent = useRef(initial);

  const required = (wrong: boolean) => (wrong ? t("form.required") : null);
  const form: MailingForm = useForm<MailingValues>({
    initialValues: initial,
    onValuesChange: (after, before) => clearErrorsOf(form, before, after),
    validate: {
      name: (value) => required(!value.trim()),
      message_id: (value) => required(!value),
      audience: (value) => (namesAnybody(value) ? null : t("mailingForm.audience.required")),
      start_at: (value, { when }) => required(when !== "now" && !(value.date && value.time)),
      end_at: (value, { when }) => required(when !== "repeat" && !value.date !== !value.time),
      repeat: ({ every, ends, weekdays, until, cron }, { when }) => {
        if (when !== "repeat") return null;
        if (every === "week" && weekdays.length === 0) return t("mailingForm.when.noDay");
        if (every === "cron" && !cron.trim()) return t("mailingForm.when.noCron");
        return ends === "until" && !until ? t("mailingForm.when.noUntil") : null;
      },
      rate_per_minute: (value) => wrongNumber(value, 1, MOST_A_MINUTE),
      run_minutes: (value, { when }) => (when === "repeat" ? wrongNumber(value, 1, LONGEST_RUN) : null),
      late_grace_minutes: (value, { late_policy }) =>
        late_policy === "send" ? wrongNumber(value, 0, LONGEST_GRACE) : null,
      window: ({ on, weekdays }) => (on && weekdays.length === 0 ? t("mailingForm.when.noDay") : null),
    },
  });

  const save = async (values: MailingValues, etag: string | undefined) => {
    const before = known.current;
    const now = values.when === "now";
    const wanted = { draft: intent.current === "draft" || now };
    if (!before) return createMailing({ ...bodyOf(values), ...wanted });
    const scheduled = before.value.status === "scheduled";
    return changeMailing(before.value.id, etag, {
      ...differenceOf(valuesOf(before.value), values),
      // A scheduled mailing stays one; to start now it goes by a draft, as any start that can be undone.
      ...(scheduled ? now && { draft: true } : wanted),
    });
  };

  const edit = useEdit<Mailing, MailingValues>({
    form,
    base,
    toValues: valuesOf,
    save: async (typed, etag) => {
      // Whether its time has come counts when it is sent, not when the page was drawn.
      const values = intent.current === "go" && isMoved(form, known.current?.value) ? asOfNow(typed) : typed;
      sent.current = values;
      const saved = await save(values, known.current === base ? etag : known.current?.etag);
      known.current = saved;
      return saved;
    },
    reread: async () => {
      const theirs = await readMailing(base?.value.id ?? 0);
      known.current = theirs;
      return theirs;
    },
    onSaved: (saved) => {
      form.resetDirty();
      void changed(queries, "mailings");
      void onSaved(saved, intent.current, sent.current);
    },
    describe: {
      name: { label: t("mailingForm.name"), words: String },
      message_id: { label: t("mailingForm.message.label"), words: (id) => `№ ${id}` },
      audience: { label: t("mailingForm.audience.title"), words: audienceWords },
      when: { label: t("mailingForm.when.title"), words: (when) => t(`mailingForm.when.${when}`) },
      start_at: { label: t("mailingForm.when.start"), words: ({ date, time }) => `${date} ${time}` },
      timezone: { label: t("mailingForm.when.zone"), words: String },
      repeat: {
        label: t("mailingForm.when.repeat"),
        words: (repeat) => words(timingOf({ ...form.getValues(), when: "repeat", repeat })),
      },
      end_at: { label: t("mailingForm.more.end"), words: ({ date, time }) => `${date} ${time}`.trim() },
      run_minutes: { label: t("mailingForm.more.runMinutes"), words: String },
      window: {
        label: t("mailingForm.more.window"),
        words: ({ on, weekdays, from, to }) => (on ? `${weekdays.join(", ")} ${from}–${to}` : ""),
      },
      from_name: { label: t("mailingForm.more.fromName"), words: String },
      from_email: { label: t("mailingForm.more.fromEmail"), words: String },
      reply_to: { label: t("mailingForm.more.replyTo"), words: String },
      transport_id: { label: t("mailingForm.more.transport"), words: String },
      rate_per_minute: { label: t("mailingForm.more.rate"), words: String },
      late_policy: {
        label: t("mailingForm.more.late"),
        words: (policy) => t(`mailingForm.more.lateAs.${policy}`),
      },
      late_grace_minutes: { label: t("mailingForm.more.grace"), words: String },
      in_doubt_policy: {
        label: t("mailingForm.more.inDoubt"),
        words: (policy) => t(`mailingForm.more.inDoubtAs.${policy}`),
      },
    },
  });

  return {
    ...edit,
    form,
    send: (wanted: Intent) => {
      intent.current = wanted;
      edit.onSubmit();
    },
  };
}
