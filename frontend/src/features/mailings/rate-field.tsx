import { Button, Group, NumberInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changeMailing, readMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { useEdit } from "@/ui/use-edit";

const valuesOf = ({ rate_per_minute }: Mailing) => ({
  rate_per_minute: (rate_per_minute ?? "") as number | string,
});

/** Changes how fast a mailing sends while it does; it counts from the next mails on. */
export function RateField({ mailing, etag }: { mailing: Mailing; etag: string }) {
  // What somebody else saves is shown, unless one is typing.
  return <Form key={etag} mailing={mailing} etag={etag} />;
}

function Form({ mailing, etag }: { mailing: Mailing; etag: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const form = useForm({ initialValues: valuesOf(mailing) });
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
          ? t("mailing.rate.saved", { rate: format.number(value.rate_per_minute) })
          : t("mailing.rate.savedNone"),
      );
      void changed(queries, "mailings");
    },
    describe: { rate_per_minute: { label: t("mailing.rate.label"), words: String } },
  });
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <NumberInput
            label={t("mailing.rate.label")}
            placeholder={t("mailing.rate.none")}
            min={1}
            max={1_000_000}
            allowDecimal={false}
            w={180}
            {...form.getInputProps("rate_per_minute")}
          />
          {form.isDirty() && (
            <Button type="submit" variant="default" loading={pending}>
              {t("mailing.rate.change")}
            </Button>
          )}
        </Group>
        {failure !== null && <FailureAlert error={failure} />}
      </Stack>
      <EditConflict {...conflict} />
    </form>
  );
}
