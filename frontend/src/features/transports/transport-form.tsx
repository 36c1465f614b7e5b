import {
  Button,
  Chip,
  Fieldset,
  Group,
  NativeSelect,
  NumberInput,
  PasswordInput,
  SimpleGrid,
  Stack,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { changeTransport, createTransport, transport } from "@/api/queries/transports";
import type { TransportInput, TransportSettings } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useEdit } from "@/ui/use-edit";
import {
  leadsElsewhere,
  NEW,
  PRESETS,
  type Preset,
  SPANS,
  TLS_MODES,
  toInput,
  toValues,
  type Values,
} from "./transport-values";

interface Props {
  /** The transport to change; without one a new one is made. */
  base?: Versioned<TransportSettings>;
  onDone: (saved: TransportSettings) => void;
  onCancel: () => void;
}

/** A mail server, how to reach it, and how much it may be given. */
export function TransportForm({ base, onDone, onCancel }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useForm<Values>({
    initialValues: base ? toValues(base.value) : NEW,
    validate: {
      name: (value) => (value.trim() ? null : t("form.required")),
      host: (value) => (value.trim() ? null : t("form.required")),
    },
  });
  const edit = useEdit<TransportSettings, Values>({
    form,
    base,
    toValues,
    save: (values, etag) =>
      base
        ? changeTransport(base.value.id, toInput(values), etag)
        : createTransport({ ...toInput(values), enabled: true, order: 0 } as TransportInput),
    reread: () => queries.fetchQuery({ ...transport(base?.value.id ?? 0), staleTime: 0 }),
    onSaved: async (saved) => {
      form.resetDirty();
      queries.setQueryData(transport(saved.value.id).queryKey, saved);
      notify(t(base ? "transports.saved" : "transports.created", { name: saved.value.name }));
      onDone(saved.value);
      await changed(queries, "transports");
    },
    describe: {
      name: { label: t("transports.name"), words: String },
      host: { label: t("transports.host"), words: String },
      port: { label: t("transports.port"), words: String },
      tls: { label: t("transports.tls.label"), words: (mode) => t(`transports.tls.${mode}`) },
      username: { label: t("transports.username"), words: String },
      password: { label: t("transports.password"), words: () => "" },
      bounce: { label: t("transports.bounce"), words: String },
      connections: { label: t("transports.connections"), words: String },
      limits: {
        label: t("transports.limits.title"),
        words: (limits) => SPANS.map((span) => limits[span] || "–").join(" / "),
      },
    },
    place: ({ status, detail }) => (status === 409 ? { name: detail } : {}),
  });
  const values = form.getValues();
  const moved = base !== undefined && leadsElsewhere(base.value, values);
  const kept = base?.value.has_password ?? false;
  const preset = (Object.keys(PRESETS) as Preset[]).find((name) =>
    Object.entries(PRESETS[name]).every(([field, value]) => values[field as "host"] === value),
  );

  return (
    <>
      <form onSubmit={edit.onSubmit} noValidate>
        <Stack gap="md">
          {edit.failure !== null && <FailureAlert error={edit.failure} />}
          <Fieldset legend={t("transports.presets.label")} p="sm">
            <Chip.Group value={preset ?? null} onChange={(name) => form.setValues(PRESETS[name as Preset])}>
              <Group gap="xs">
                {(Object.keys(PRESETS) as Preset[]).map((name) => (
                  <Chip key={name} value={name} size="sm" variant="outline">
                    {t(`transports.presets.${name}`)}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </Fieldset>
          <TextInput
            {...form.getInputProps("name")}
            label={t("transports.name")}
            description={t("transports.nameHint")}
            maxLength={255}
            autoComplete="off"
          />
          <Group align="flex-start" gap="sm" wrap="nowrap">
            <TextInput
              {...form.getInputProps("host")}
              label={t("transports.host")}
              flex={1}
              autoComplete="off"
              spellCheck={false}
            />
            <NumberInput
              {...form.getInputProps("port")}
              label={t("transports.port")}
              w={110}
              allowDecimal={false}
              allowNegative={false}
              hideControls
            />
          </Group>
          <NativeSelect
            {...form.getInputProps("tls")}
            label={t("transports.tls.label")}
            data={TLS_MODES.map((value) => ({ value, label: t(`transports.tls.${value}`) }))}
          />
          <TextInput
            {...form.getInputProps("username")}
            label={t("transports.username")}
            description={t("transports.usernameHint")}
            autoComplete="off"
            spellCheck={false}
          />
          {values.username !== "" && (
            <PasswordInput
              {...form.getInputProps("password")}
              label={t("transports.password")}
              description={
                kept ? t(moved ? "transports.passwordAgain" : "transports.passwordKept") : undefined
              }
              autoComplete="new-password"
              visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
            />
          )}
          <Fieldset legend={t("transports.limits.title")} p="sm">
            <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
              {SPANS.map((span) => (
                <NumberInput
                  key={span}
                  {...form.getInputProps(`limits.${span}`)}
                  label={t(`transports.limits.${span}`)}
                  placeholder={t("transports.limits.none")}
                  allowDecimal={false}
                  allowNegative={false}
                  hideControls
                />
              ))}
            </SimpleGrid>
          </Fieldset>
          <Group align="flex-start" gap="sm" grow>
            <NumberInput
              {...form.getInputProps("connections")}
              label={t("transports.connections")}
              description={t("transports.connectionsHint")}
              allowDecimal={false}
              allowNegative={false}
              hideControls
            />
            <TextInput
              {...form.getInputProps("bounce")}
              label={t("transports.bounce")}
              description={t("transports.bounceHint")}
              type="email"
              autoComplete="off"
            />
          </Group>
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onCancel}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={edit.pending}>
              {t(base ? "transports.save" : "transports.create")}
            </Button>
          </Group>
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty() && !edit.pending} within="panel" />
      <EditConflict {...edit.conflict} />
    </>
  );
}
