import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { publicApi } from "@/api/http";
import { FailureAlert } from "@/ui/failure-alert";
import { useFormSubmit } from "@/ui/form-submit";
import { ToSignIn } from "./check-mail";
import { EntryCard } from "./entry-card";
import { useLinkToken } from "./link-token";
import { NewPassword } from "./new-password";
import { MIN_PASSWORD } from "./validation";

const route = getRouteApi("/public/reset");

/** Where the link of the mail about a forgotten password leads. */
export function ResetPage() {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const token = useLinkToken(
    route.useSearch().token,
    useCallback(() => void navigate({ search: {}, replace: true }), [navigate]),
  );
  const [typed, setTyped] = useState("");
  const [email, setEmail] = useState("");
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: {
      password: (value) =>
        [...value].length >= MIN_PASSWORD ? null : t("form.tooShort", { least: MIN_PASSWORD }),
    },
    onValuesChange: (values) => setTyped(values.password),
  });
  const { onSubmit, pending, failure } = useFormSubmit(form, async ({ password }) => {
    const { data } = await publicApi.POST("/auth/password/reset", { body: { token, password } });
    setEmail(data?.email ?? "");
  });

  if (email) {
    return (
      <EntryCard title={t("mail.resetDoneTitle")}>
        <Stack gap="md">
          <Text role="status">{t("mail.resetDone", { email })}</Text>
          <Button renderRoot={(props) => <Link {...props} to="/sign-in" search={{ email }} />} fullWidth>
            {t("signIn.submit")}
          </Button>
        </Stack>
      </EntryCard>
    );
  }
  const dead =
    !token || (failure instanceof Failure && failure.fields.some(({ field }) => field === "token"));
  if (dead) {
    return (
      <EntryCard title={t("mail.deadTitle")} footer={<ToSignIn />}>
        <Stack gap="md">
          <Text role="alert">{t("mail.deadReset")}</Text>
          <Anchor underline="always" renderRoot={(props) => <Link {...props} to="/forgot" />}>
            {t("mail.forgotAgain")}
          </Anchor>
        </Stack>
      </EntryCard>
    );
  }
  return (
    <EntryCard title={t("mail.resetTitle")} lead={t("mail.resetLead")} footer={<ToSignIn />}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {failure !== null && <FailureAlert error={failure} />}
          <NewPassword
            key={form.key("password")}
            {...form.getInputProps("password")}
            label={t("mail.newPassword")}
            name="password"
            required
            withAsterisk={false}
            typed={typed}
          />
          <Button type="submit" loading={pending} fullWidth>
            {t("mail.reset")}
          </Button>
        </Stack>
      </form>
    </EntryCard>
  );
}
