import { Button, Group, NativeSelect, Select, Stack, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { changed } from "@/api/queries/keys";
import { me } from "@/api/queries/me";
import type { User } from "@/api/types";
import { zones } from "@/format/zones";
import { chooseLanguage, LANGUAGES, type Language } from "@/i18n";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { notify } from "@/ui/notify";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { findZones } from "@/ui/zone-filter";

type Values = ReturnType<typeof valuesOf>;

/** Name, language and zone of the one signed in. */
export function ProfileForm({ user }: { user: User }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const saved = valuesOf(user);
  const form = useForm({ initialValues: saved });
  const { onSubmit, pending, failure } = useFormSubmit(form, async (values) => {
    const changes = Object.fromEntries(Object.entries(values).filter(([field]) => form.isDirty(field)));
    const { data } = await api.PATCH("/me", { body: changes });
    queries.setQueryData(me().queryKey, data);
    form.resetDirty();
    // What is chosen here holds in this browser too, whatever was chosen in it before.
    if (changes.locale) await chooseLanguage(changes.locale as Language);
    notify(t("profile.saved"));
    await changed(queries, "me");
  });
  useSavedElsewhere(form, saved);
  const { timezone } = form.getValues();
  // An account may have a zone that this browser does not know.
  const known = zones().includes(user.timezone) ? zones() : [user.timezone, ...zones()];
  return (
    <>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {failure !== null && <FailureAlert error={failure} />}
          <TextInput
            {...form.getInputProps("full_name")}
            label={t("profile.name")}
            name="full_name"
            autoComplete="name"
            maxLength={200}
          />
          <NativeSelect
            {...form.getInputProps("locale")}
            label={t("profile.language")}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          />
          <Select
            {...form.getInputProps("timezone")}
            label={t("profile.zone")}
            description={<ZoneTime zone={timezone} />}
            data={known}
            searchable
            allowDeselect={false}
            limit={100}
            filter={findZones}
            nothingFoundMessage={t("profile.noZone")}
          />
          <Group justify="flex-end">
            <Button type="submit" loading={pending} disabled={!form.isDirty()}>
              {t("profile.save")}
            </Button>
          </Group>
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty() && !pending} />
    </>
  );
}

const valuesOf = ({ full_name, locale, timezone }: User) => ({ full_name, locale, timezone });

/** What is saved beside the form, as the language by its menu, comes into the fields in which nothing else was put. */
function useSavedElsewhere(form: UseFormReturnType<Values>, saved: Values) {
  const [known, setKnown] = useState(saved);
  const changes = (Object.keys(saved) as (keyof Values)[]).filter((field) => saved[field] !== known[field]);
  useEffect(() => {
    if (changes.length === 0) return;
    setKnown(saved);
    for (const field of changes) if (!form.isDirty(field)) form.setFieldValue(field, saved[field]);
    form.resetDirty(saved);
  });
}

/** What the clocks of a zone show now. */
function ZoneTime({ zone }: { zone: string }) {
  const { t, i18n } = useTranslation();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const locale = i18n.language === "en" ? "en-GB" : i18n.language;
  const time = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
  }).format(now);
  return <>{t("profile.zoneNow", { time })}</>;
}
