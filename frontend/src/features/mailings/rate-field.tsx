import { Button, Group, NumberInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changeMailing, readMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { useEdit } from "@/ui/use-edit";
import { AS_TYPED, MOST_A_MINUTE, useNumberWords } from "./whole-number";

const valuesOf = ({ rate_per_minute }: Mailing) => ({
  rate_per_minute: (rate_per_minute ?? "") as number | string,
});

/** The height of the field's label, so that the button stands beside the field also when something is wrong with it. */
const BESIDE_FIELD = 25;

/** Changes how fast a mailing sends while it does; it counts from the next mails on. */
export function RateField({ mailing, etag }: { mailing: Mailing; etag: string }) {
  // What somebody else saves is shown, unless one is typing.
  return <Form key={etag} mailing={mailing} etag={etag} />;
}

function Form({ mailing, etag }: { mailing: Mailing; etag: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const wrong = useNumberWords();
  const [asked, setAsked] = useState(false);
  const form = useForm({
    initialValues: valuesOf(mailing),
    validate: { rate_per_minute: (value) => wrong(value, 1, MOST_A_MINUTE) },
  });
  // A slip of the finger must not send all that is left at once.
  const removes = form.values.rate_per_minute === "" && mailing.rate_per_minute !== null;
  const { onSubmit, pending, failure, conflict } = useEdit({
    form,
    base: { value: mailing, etag },
    toValues: valuesOf,
    save: ({ rate_per_minute }, known) =>
      changeMailing(mailing.id, known, {
        rate_per_minute: rate_per_minute === "" ? null : Number(rate_per_minute),
      }),
    reread: () => readMailing(mailing.id),
    onSaved: ({ value }) => {
      form.resetDirty();
      notify(
        value.rate_per_minute
          ? t("mailing.rate.saved", {
              count: value.rate_per_minute,
              number: format.number(value.rate_per_minute),
            })
          : t("mailing.rate.savedNone"),
      );
      void changed(queries, "mailings");
    },
    describe: { rate_per_minute: { label: t("mailing.rate.label"), words: String } },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (removes) setAsked(true);
        else onSubmit(event);
      }}
    >
      <Stack gap="xs">
        <Group align="flex-start" gap="sm">
          <NumberInput
            label={t("mailing.rate.label")}
            placeholder={t("mailing.rate.none")}
            {...AS_TYPED}
            min={1}
            max={MOST_A_MINUTE}
            w={240}
            {...form.getInputProps("rate_per_minute")}
          />
          {form.isDirty() && (
            <Button type="submit" variant="default" loading={pending} mt={BESIDE_FIELD}>
              {t(removes ? "mailing.rate.remove" : "mailing.rate.change")}
            </Button>
          )}
        </Group>
        {failure !== null && <FailureAlert error={failure} />}
      </Stack>
      <ConfirmDialog
        opened={asked}
        onClose={() => setAsked(false)}
        title={t("mailing.rate.removeTitle")}
        act={t("mailing.rate.remove")}
        harmless
        onConfirm={async () => onSubmit()}
      >
        {t("mailing.rate.removeText")}
      </ConfirmDialog>
      <EditConflict {...conflict} />
    </form>
  );
}
