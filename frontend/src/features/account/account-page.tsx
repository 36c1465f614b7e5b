import { Button, Paper, SegmentedControl, Stack, Text, Title, useMantineColorScheme } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/auth/use-session";
import { PageHeader } from "@/ui/page-header";
import { PasswordForm } from "./password-form";
import { ProfileForm } from "./profile-form";
import { Quotas } from "./quotas";
import { Sessions } from "./sessions";

/** One's own account. */
export function AccountPage() {
  const { t } = useTranslation();
  const user = useMe();
  return (
    <>
      <PageHeader title={t("profile.title")} lead={user?.email} />
      <Stack gap="lg" maw={760}>
        <Part title={t("profile.profile")}>{user && <ProfileForm user={user} />}</Part>
        {user && (user.quota_clients !== null || user.quota_mails_per_day !== null) && (
          <Part title={t("profile.quotas")} lead={t("profile.quotasHint")}>
            <Quotas />
          </Part>
        )}
        <Part title={t("profile.theme")} lead={t("profile.themeHint")}>
          <Theme />
        </Part>
        <Part title={t("profile.password")} lead={t("profile.passwordHint")}>
          <PasswordForm />
        </Part>
        <Part title={t("profile.keys")} lead={t("profile.keysHint")}>
          <Button variant="default" renderRoot={(props) => <Link {...props} to="/account/api-keys" />}>
            {t("profile.keysOpen")}
          </Button>
        </Part>
        <Part title={t("profile.sessions")} lead={t("profile.sessionsHint")}>
          <Sessions />
        </Part>
      </Stack>
    </>
  );
}

function Part({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p={{ base: "md", sm: "lg" }} component="section" aria-labelledby={id}>
      <Title order={2} size="h4" id={id} mb={lead ? 4 : "md"}>
        {title}
      </Title>
      {lead && (
        <Text size="sm" c="dimmed" mb="md">
          {lead}
        </Text>
      )}
      {children}
    </Paper>
  );
}

function Theme() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      aria-label={t("theme.label")}
      value={colorScheme}
      onChange={setColorScheme}
      data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: t(`theme.${value}`) }))}
    />
  );
}
