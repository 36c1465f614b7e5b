import {
  Alert,
  Button,
  Checkbox,
  Group,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Permission } from "@/api/permissions.gen";
import { groups } from "@/api/queries/groups";
import { changed } from "@/api/queries/keys";
import { changeUser, user } from "@/api/queries/users";
import type { User } from "@/api/types";
import type { Versioned } from "@/api/versioned";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { EditConflict } from "@/ui/edit-conflict";
import { FailureAlert } from "@/ui/failure-alert";
import { notify } from "@/ui/notify";
import { usePermissionWords } from "@/ui/permission-words";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useEdit } from "@/ui/use-edit";

// Not an interface: only an alias is a Record, as forms want it.
type Values = {
  is_staff: boolean;
  is_superuser: boolean;
  groups: string[];
  quota_clients: string;
  quota_mails_per_day: string;
};

const toValues = (user: User): Values => ({
  is_staff: user.is_staff,
  is_superuser: user.is_superuser,
  groups: user.groups,
  quota_clients: String(user.quota_clients ?? ""),
  quota_mails_per_day: String(user.quota_mails_per_day ?? ""),
});

const MOST = 1_000_000_000;
const digits = (text: string) => text.replace(/\s/g, "");
/** An empty field is no limit. */
const quota = (text: string) => (digits(text) === "" ? null : Number(digits(text)));
/** Whether it is a whole number, or nothing. A minus or an exponent is said to be wrong rather than left out. */
const isQuota = (text: string) => /^\d*$/.test(digits(text)) && Number(digits(text)) <= MOST;

/** What an account may do and have; for superusers. */
export function UserRights({ base, self }: { base: Versioned<User>; self: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data: known, error } = useQuery(groups());
  const words = usePermissionWords();
  const [asking, setAsking] = useState(false);
  const { id, email, is_superuser: wasSuperuser } = base.value;
  const wrong = (text: string) => (isQuota(text) ? null : t("users.quotaWrong"));
  const form = useForm<Values>({
    initialValues: toValues(base.value),
    validate: { quota_clients: wrong, quota_mails_per_day: wrong },
  });
  const amount = (text: string) => text || t("users.unlimited");
  const yes = (on: boolean) => t(on ? "users.yes" : "users.no");
  const edit = useEdit<User, Values>({
    form,
    base,
    toValues,
    save: (values, etag) =>
      changeUser(
        id,
        {
          ...values,
          quota_clients: quota(values.quota_clients),
          quota_mails_per_day: quota(values.quota_mails_per_day),
        },
        etag,
      ),
    reread: () => queries.fetchQuery({ ...user(id), staleTime: 0 }),
    onSaved: async (saved) => {
      form.resetDirty();
      queries.setQueryData(user(id).queryKey, saved);
      notify(t("users.saved", { email }));
      await changed(queries, "users", "me");
    },
    describe: {
      is_staff: { label: t("users.staff"), words: yes },
      is_superuser: { label: t("users.superuser"), words: yes },
      groups: { label: t("users.groups"), words: (names) => names.join(", ") },
      quota_clients: { label: t("users.quotaClients"), words: amount },
      quota_mails_per_day: { label: t("users.quotaMails"), words: amount },
    },
  });
  const values = form.getValues();

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // Full power is given and taken only after one was asked.
    if (values.is_superuser !== wasSuperuser && !form.validate().hasErrors) setAsking(true);
    else edit.onSubmit();
  };

  return (
    <>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <Title order={3} size="h5">
            {t("users.rights")}
          </Title>
          {edit.failure !== null && <FailureAlert error={edit.failure} />}
          <Switch
            {...form.getInputProps("is_superuser", { type: "checkbox" })}
            label={t("users.superuser")}
            description={t("users.superuserDoes")}
          />
          <Switch
            {...form.getInputProps("is_staff", { type: "checkbox" })}
            label={t("users.staff")}
            description={t("users.staffDoes")}
          />
          {error && !known ? (
            <FailureAlert error={error} />
          ) : (
            <Checkbox.Group {...form.getInputProps("groups")} label={t("users.groups")}>
              <Stack gap="xs" mt="xs">
                {(known ?? []).map(({ name, permissions }) => (
                  <Checkbox
                    key={name}
                    value={name}
                    label={name}
                    description={
                      permissions.length > 0
                        ? permissions.map((held) => words.name(held as Permission)).join(" · ")
                        : t("groups.nothing")
                    }
                  />
                ))}
                {known?.length === 0 && (
                  <Text size="sm">
                    <Link to="/admin/groups">{t("users.noGroups")}</Link>
                  </Text>
                )}
              </Stack>
            </Checkbox.Group>
          )}
          {values.groups.length > 0 && !values.is_staff && !values.is_superuser && (
            <Alert variant="outline" color="yellow">
              {t("users.groupsSleep")}
            </Alert>
          )}
          <Title order={3} size="h5">
            {t("users.quotas")}
          </Title>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              {...form.getInputProps("quota_clients")}
              label={t("users.quotaClients")}
              description={t("users.quotaHint")}
              inputMode="numeric"
              autoComplete="off"
            />
            <TextInput
              {...form.getInputProps("quota_mails_per_day")}
              label={t("users.quotaMails")}
              description={t("users.quotaMailsHint")}
              inputMode="numeric"
              autoComplete="off"
            />
          </SimpleGrid>
          <Group justify="flex-end">
            <Button type="submit" loading={edit.pending} disabled={!form.isDirty()}>
              {t("users.save")}
            </Button>
          </Group>
        </Stack>
      </form>
      <UnsavedGuard dirty={form.isDirty() && !edit.pending} within="panel" />
      <EditConflict {...edit.conflict} />
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t(values.is_superuser ? "users.promote.title" : "users.demote.title", { email })}
        act={t(values.is_superuser ? "users.promote.act" : "users.demote.act")}
        onConfirm={async () => edit.onSubmit()}
      >
        {values.is_superuser
          ? t("users.promote.text", { email })
          : t(self ? "users.demote.self" : "users.demote.text", { email })}
      </ConfirmDialog>
    </>
  );
}
