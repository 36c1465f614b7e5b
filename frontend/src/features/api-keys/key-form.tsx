import { Button, Checkbox, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { createApiKey } from "@/api/queries/api-keys";
import { changed } from "@/api/queries/keys";
import { type NewApiKey, SCOPES, type Scope } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";

/** For how many days a key is good, as it can be chosen. */
const DAYS = ["30", "90", "365"] as const;

interface Values extends Record<string, unknown> {
  name: string;
  scopes: Scope[];
  expires_at: (typeof DAYS)[number] | "never";
}

type Noun = Scope extends infer S ? (S extends `${infer N}:${string}` ? N : never) : never;
type Verb = Scope extends infer S ? (S extends `${string}:${infer V}` ? V : never) : never;

/** What a new key is for, what it may do, and until when. */
export function KeyForm({ onDone, onCancel }: { onDone: (key: NewApiKey) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const root = may(useMe(), "superuser");
  const form = useForm<Values>({
    initialValues: { name: "", scopes: [], expires_at: "90" },
    validate: {
      name: (value) => (value.trim() ? null : t("form.required")),
      scopes: (value) => (value.length > 0 ? null : t("apiKeys.noScopes")),
    },
  });
  const submit = useFormSubmit(form, async ({ name, scopes, expires_at }) => {
    const days = expires_at === "never" ? null : Number(expires_at);
    const key = await createApiKey({
      name,
      scopes,
      expires_at: days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString(),
    });
    onDone(key);
    await changed(queries, "apiKeys");
  });
  const nouns = [...new Set(SCOPES.map((scope) => scope.split(":")[0] as Noun))].filter(
    (noun) => noun !== "system" || root,
  );
  return (
    <form onSubmit={submit.onSubmit} noValidate>
      <Stack gap="md">
        {submit.failure !== null && <FailureAlert error={submit.failure} />}
        <TextInput
          {...form.getInputProps("name")}
          label={t("apiKeys.name")}
          description={t("apiKeys.nameHint")}
          maxLength={100}
          autoComplete="off"
          data-autofocus
        />
        <Checkbox.Group
          {...form.getInputProps("scopes")}
          label={t("apiKeys.scopes")}
          description={t("apiKeys.scopesHint")}
        >
          <Stack gap="sm" mt="sm">
            {nouns.map((noun) => (
              <div key={noun}>
                <Text size="sm" fw={500} mb={4}>
                  {t(`apiKeys.nouns.${noun}`)}
                </Text>
                <Group gap="lg">
                  {SCOPES.filter((scope) => scope.startsWith(`${noun}:`)).map((scope) => {
                    const verb = t(`apiKeys.verbs.${scope.split(":")[1] as Verb}`);
                    return (
                      <Checkbox
                        key={scope}
                        value={scope}
                        label={verb}
                        aria-label={`${t(`apiKeys.nouns.${noun}`)}: ${verb}`}
                      />
                    );
                  })}
                </Group>
                {noun === "mailings" && (
                  <Text size="xs" c="dimmed" mt={4}>
                    {t("apiKeys.sendHint")}
                  </Text>
                )}
              </div>
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          {...form.getInputProps("expires_at")}
          label={t("apiKeys.until")}
          data={[
            ...DAYS.map((days) => ({ value: days, label: t("apiKeys.days", { count: Number(days) }) })),
            { value: "never", label: t("apiKeys.never") },
          ]}
        />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" loading={submit.pending}>
            {t("apiKeys.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
