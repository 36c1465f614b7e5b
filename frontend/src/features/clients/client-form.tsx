import { Button, Group, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { changeClient, client, createClient } from "@/api/queries/clients";
import { changed } from "@/api/queries/keys";
import type { Client } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { looksLikeEmail } from "@/format/email";
import { zones } from "@/format/zones";
import { LANGUAGES } from "@/i18n";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { TagsField } from "@/ui/tags-field";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useEdit } from "@/ui/use-edit";
import { type AttributeRow, inWords, toAttributes, toRows, wrongWith } from "./attributes";
import { AttributesEditor } from "./attributes-editor";

// Not an interface: only an alias is a Record, as forms want it.
type Values = {
  email: string;
  full_name: string;
  comment: string;
  tags: string[];
  attributes: AttributeRow[];
  locale: string;
  timezone: string;
};

const toValues = (row: Client): Values => ({
  email: row.email,
  full_name: row.full_name,
  comment: row.comment,
  tags: row.tags,
  attributes: toRows(row.attributes),
  locale: row.locale,
  timezone: row.timezone,
});

const NEW: Values = {
  email: "",
  full_name: "",
  comment: "",
  tags: [],
  attributes: [],
  locale: "",
  timezone: "",
};

interface Props {
  /** The client to change; without one a new one is made. */
  base?: Versioned<Client>;
  onDone: (saved: Client) => void;
  onCancel: () => void;
}

/** A client as one writes it down. */
export function ClientForm({ base, onDone, onCancel }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useForm<Values>({
    initialValues: base ? toValues(base.value) : NEW,
    validate: {
      email: (value) => (looksLikeEmail(value) ? null : t(value.trim() ? "form.email" : "form.required")),
      attributes: (rows) => {
        const wrong = wrongWith(rows);
        return wrong && t(`clients.attributes.wrong.${wrong.what}`, { name: wrong.name });
      },
    },
  });

  const edit = useEdit<Client, Values>({
    form,
    base,
    toValues,
    save: (values, etag) => {
      const body = { ...values, email: values.email.trim(), attributes: toAttributes(values.attributes) };
      return base ? changeClient(base.value.id, body, etag) : createClient(body);
    },
    reread: () => queries.fetchQuery({ ...client(base?.value.id ?? 0), staleTime: 0 }),
    onSaved: async (saved) => {
      form.resetDirty();
      queries.setQueryData(client(saved.value.id).queryKey, saved);
      notify(t(base ? "clients.saved" : "clients.created", { email: saved.value.email }));
      onDone(saved.value);
      await changed(queries, "clients");
    },
    describe: {
      email: { label: t("clients.email"), words: String },
      full_name: { label: t("clients.name"), words: String },
      comment: { label: t("clients.comment"), words: String },
      tags: { label: t("clients.tags"), words: (tags) => tags.join(", ") },
      attributes: { label: t("clients.attributes.label"), words: inWords },
      locale: { label: t("clients.locale"), words: String },
      timezone: { label: t("clients.timezone"), words: String },
    },
    place: ({ status }) => (status === 409 ? { email: t("clients.taken") } : {}),
  });

  // What led here, "Edit" or "Add a client", may be gone; the focus must not go with it.
  const { getInputNode } = form;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the form appears
  useEffect(() => getInputNode("email")?.focus(), []);

  return (
    <>
      <form onSubmit={edit.onSubmit} noValidate>
        <Stack gap="md">
          {edit.failure !== null && <FailureAlert error={edit.failure} />}
          <TextInput
            {...form.getInputProps("email")}
            label={t("clients.email")}
            type="email"
            name="email"
            autoComplete="off"
            required
            data-autofocus
          />
          <TextInput
            {...form.getInputProps("full_name")}
            label={t("clients.name")}
            name="full_name"
            autoComplete="off"
            maxLength={200}
          />
          <TagsField
            {...form.getInputProps("tags")}
            label={t("clients.tags")}
            description={t("clients.tagsHint")}
            maxTags={50}
          />
          <Textarea
            {...form.getInputProps("comment")}
            label={t("clients.comment")}
            description={t("clients.commentHint")}
            autosize
            minRows={2}
            maxRows={8}
            maxLength={2000}
          />
          <Group grow align="flex-start">
            <NativeSelect
              {...form.getInputProps("locale")}
              label={t("clients.locale")}
              data={withCurrent(form.getValues().locale, [
                { value: "", label: t("clients.unknown") },
                ...Object.entries(LANGUAGES).map(([value, label]) => ({ value, label })),
              ])}
            />
            <NativeSelect
              {...form.getInputProps("timezone")}
              label={t("clients.timezone")}
              data={withCurrent(form.getValues().timezone, [
                { value: "", label: t("clients.unknown") },
                ...zones().map((zone) => ({ value: zone, label: zone })),
              ])}
            />
          </Group>
          <AttributesEditor
            value={form.getValues().attributes}
            onChange={(rows) => form.setFieldValue("attributes", rows)}
            error={form.errors.attributes}
          />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onCancel}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={edit.pending}>
              {t(base ? "clients.save" : "clients.create")}
            </Button>
          </Group>
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty() && !edit.pending} within="panel" />
      <EditConflict {...edit.conflict} />
    </>
  );
}

/** Another program may have set a value that is not in our list; it stays what it is. */
function withCurrent(current: string, options: { value: string; label: string }[]) {
  return options.some(({ value }) => value === current)
    ? options
    : [...options, { value: current, label: current }];
}
