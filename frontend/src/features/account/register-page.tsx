import { Anchor, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { publicApi } from "@/api/http";
import { returnPath } from "@/auth/return-path";
import { session } from "@/auth/session";
import { looksLikeEmail } from "@/format/email";
import { browserZone } from "@/format/format";
import { language } from "@/i18n";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { CheckMail } from "./check-mail";
import { EntryCard } from "./entry-card";
import { NewPassword } from "./new-password";
import { MIN_PASSWORD } from "./validation";

const route = getRouteApi("/public/register");

export function RegisterPage() {
  const { t } = useTranslation();
  const router = useRouter();
  const search = route.useSearch();
  const [confirmAt, setConfirmAt] = useState("");
  const [password, setPassword] = useState("");

  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "", full_name: "", password: "" },
    validate: {
      email: (value) => (looksLikeEmail(value) ? null : t(value.trim() ? "form.email" : "form.required")),
      password: (value) =>
        [...value].length >= MIN_PASSWORD ? null : t("form.tooShort", { least: MIN_PASSWORD }),
    },
    onValuesChange: (values) => setPassword(values.password),
  });

  const { onSubmit, pending, failure } = useFormSubmit(
    form,
    async (values) => {
      const email = values.email.trim();
      const { response } = await publicApi.POST("/auth/register", {
        body: {
          email,
          password: values.password,
          full_name: values.full_name.trim(),
          locale: language(),
          timezone: browserZone(),
        },
      });
      // 202: the address is to be confirmed by a mail first.
      if (response.status === 202) return setConfirmAt(email);
      await session.signIn(email, values.password);
      router.history.replace(returnPath(search.return_to));
    },
    ({ status }) => (status === 409 ? { email: t("register.taken") } : {}),
  );

  if (confirmAt) {
    const again = () => publicApi.POST("/auth/confirm/resend", { body: { email: confirmAt } });
    return <CheckMail again={again}>{t("mail.registered", { email: confirmAt })}</CheckMail>;
  }

  return (
    <EntryCard
      title={t("register.title")}
      footer={
        <>
          {t("register.haveAccount")}{" "}
          <Anchor
            inherit
            underline="always"
            renderRoot={(props) => <Link {...props} to="/sign-in" search={search} />}
          >
            {t("register.toSignIn")}
          </Anchor>
        </>
      }
    >
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {failure !== null && <FailureAlert error={failure} />}
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
          <TextInput
            key={form.key("full_name")}
            {...form.getInputProps("full_name")}
            label={t("register.name")}
            description={t("register.optional")}
            name="full_name"
            autoComplete="name"
            maxLength={200}
          />
          <NewPassword
            key={form.key("password")}
            {...form.getInputProps("password")}
            label={t("signIn.password")}
            name="password"
            required
            withAsterisk={false}
            typed={password}
          />
          <Button type="submit" loading={pending} fullWidth>
            {t("register.submit")}
          </Button>
        </Stack>
      </form>
    </EntryCard>
  );
}
