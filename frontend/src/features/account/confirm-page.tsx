import { Anchor, Button, Stack, Text } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { publicApi } from "@/api/http";
import { useSingleMutation } from "@/api/use-single-mutation";
import { FailureAlert } from "@/ui/failure-alert";
import { ToSignIn } from "./check-mail";
import { EntryCard } from "./entry-card";
import { useLinkToken } from "./link-token";

const route = getRouteApi("/public/confirm");

/** Where the link of the mail about a registration leads. It asks for a click: programs that look through mails open links too. */
export function ConfirmPage() {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const token = useLinkToken(
    route.useSearch().token,
    useCallback(() => void navigate({ search: {}, replace: true }), [navigate]),
  );
  const {
    mutate: confirm,
    data: done,
    isPending: pending,
    error: failure,
  } = useSingleMutation({
    mutationFn: async () => (await publicApi.POST("/auth/confirm", { body: { token } })).data,
  });

  if (done?.choose_password) {
    return (
      <EntryCard title={t("mail.confirmedTitle")} footer={<ToSignIn />}>
        <Stack gap="md">
          <Text role="status">{t("mail.confirmedChoose", { email: done.email })}</Text>
          <Text size="sm" c="dimmed">
            {t("mail.spam")}
          </Text>
          <Anchor underline="always" renderRoot={(props) => <Link {...props} to="/forgot" />}>
            {t("mail.forgotAgain")}
          </Anchor>
        </Stack>
      </EntryCard>
    );
  }
  if (done) {
    const { email } = done;
    return (
      <EntryCard title={t("mail.confirmedTitle")}>
        <Stack gap="md">
          <Text role="status">{t("mail.confirmed", { email })}</Text>
          <Button renderRoot={(props) => <Link {...props} to="/sign-in" search={{ email }} />} fullWidth>
            {t("signIn.submit")}
          </Button>
        </Stack>
      </EntryCard>
    );
  }
  const dead = !token || (failure instanceof Failure && failure.status === 422);
  if (dead) {
    return (
      <EntryCard title={t("mail.deadTitle")} footer={<ToSignIn />}>
        <Stack gap="md">
          <Text role="alert">{t("mail.deadConfirm")}</Text>
          <Anchor underline="always" renderRoot={(props) => <Link {...props} to="/register" />}>
            {t("mail.registerAgain")}
          </Anchor>
        </Stack>
      </EntryCard>
    );
  }
  return (
    <EntryCard title={t("mail.confirmTitle")} lead={t("mail.confirmLead")}>
      <Stack gap="md">
        {failure !== null && <FailureAlert error={failure} />}
        <Button loading={pending} onClick={() => void confirm()} fullWidth>
          {t("mail.confirm")}
        </Button>
      </Stack>
    </EntryCard>
  );
}
