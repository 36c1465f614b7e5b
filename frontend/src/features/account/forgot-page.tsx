import { Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { publicApi } from "@/api/http";
import { looksLikeEmail } from "@/format/email";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { CheckMail, ToSignIn } from "./check-mail";
import { EntryCard } from "./entry-card";

/** Asks for a mail by which a new password can be set. */
export function ForgotPage() {
  const { t } = useTranslation();
  const [sentTo, setSentTo] = useState("");
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "" },
    validate: {
      email: (value) => (looksLikeEmail(value) ? null : t(value.trim() ? "form.email" : "form.required")),
    },
  });
  const send = (email: string) => publicApi.POST("/auth/password/forgot", { body: { email } });
  const { onSubmit, pending, failure } = useFormSubmit(form, async ({ email }) => {
    await send(email.trim());
    setSentTo(email.trim());
  });
  if (sentTo) {
    return <CheckMail again={() => send(sentTo)}>{t("mail.forgot", { email: sentTo })}</CheckMail>;
  }
  return (
    <EntryCard title={t("mail.forgotTitle")} lead={t("mail.forgotLead")} footer={<ToSignIn />}>
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
          <Button type="submit" loading={pending} fullWidth>
            {t("mail.send")}
          </Button>
        </Stack>
      </form>
    </EntryCard>
  );
}
