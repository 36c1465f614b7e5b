import { Anchor, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { returnPath } from "@/auth/return-path";
import { session } from "@/auth/session";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { EntryCard } from "./entry-card";

const route = getRouteApi("/public/sign-in");

/** The server's words, which begin small and end without a full stop. */
const asSentence = (words: string | undefined) =>
  words && `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

export function SignInPage() {
  const { t } = useTranslation();
  const router = useRouter();
  const search = route.useSearch();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: search.email ?? "", password: "" },
    validate: {
      email: (value) => (value.trim() ? null : t("form.required")),
      password: (value) => (value ? null : t("form.required")),
    },
  });
  const { onSubmit, pending, failure } = useFormSubmit(form, async ({ email, password }) => {
    await session.signIn(email.trim(), password);
    router.history.replace(returnPath(search.return_to));
  });
  const refused = failure instanceof Failure && failure.status === 401;

  return (
    <EntryCard
      title={t("signIn.title")}
      lead={search.return_to ? t("signIn.returning") : undefined}
      footer={
        <>
          {t("signIn.noAccount")}{" "}
          <Anchor
            inherit
            underline="always"
            renderRoot={(props) => (
              <Link {...props} to="/register" search={{ return_to: search.return_to }} />
            )}
          >
            {t("signIn.toRegister")}
          </Anchor>
        </>
      }
    >
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {failure !== null && (
            <FailureAlert error={failure}>
              {refused ? asSentence(failure.detail) || t("signIn.wrong") : undefined}
            </FailureAlert>
          )}
          <TextInput
            key={form.key("email")}
            {...form.getInputProps("email")}
            label={t("signIn.email")}
            type="email"
            name="email"
            autoComplete="username"
            required
            withAsterisk={false}
          />
          <PasswordInput
            key={form.key("password")}
            {...form.getInputProps("password")}
            label={t("signIn.password")}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
          />
          <Anchor size="sm" underline="always" renderRoot={(props) => <Link {...props} to="/forgot" />}>
            {t("mail.forgotLink")}
          </Anchor>
          <Button type="submit" loading={pending} fullWidth>
            {t("signIn.submit")}
          </Button>
        </Stack>
      </form>
    </EntryCard>
  );
}
