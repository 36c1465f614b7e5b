import { Button, Center, Container, Loader, Stack, Text, Title } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { type ReactNode, useContext } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { START_PATH } from "@/auth/return-path";
import { FailureAlert } from "@/ui/failure-alert";
import { ForbiddenState } from "@/ui/forbidden-state";
import { InFrame } from "@/ui/frame";
import { PageHeader, usePageTitle } from "@/ui/page-header";
import { PublicShell } from "./public-shell";

/** The frame of the application where it is there already, else that of the public pages. */
function Framed({ children }: { children: ReactNode }) {
  return useContext(InFrame) ? children : <PublicShell>{children}</PublicShell>;
}

export function NotFoundPage() {
  const { t } = useTranslation();
  const signedIn = useContext(InFrame);
  usePageTitle(t("notFound.title"));
  return (
    <Framed>
      <Stack align="center" gap="md" py="xl" ta="center">
        <IconMapQuestion size={48} stroke={1.2} aria-hidden />
        <Title order={1} size="h2" tabIndex={-1}>
          {t("notFound.title")}
        </Title>
        <Text c="dimmed">{t("notFound.text")}</Text>
        <Button renderRoot={(props) => <Link {...props} to={signedIn ? START_PATH : "/"} />}>
          {t(signedIn ? "ui.forbidden.back" : "notFound.home")}
        </Button>
      </Stack>
    </Framed>
  );
}

/** Stands where a page could not be shown at all: the server did not answer who is signed in, or a page broke. */
export function ErrorPage({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  if (error instanceof Failure && error.status === 403) {
    return (
      <Framed>
        <ForbiddenState />
      </Framed>
    );
  }
  return (
    <Framed>
      <Container size={560} px={0}>
        <PageHeader title={t("failure.unexpected")} />
        <FailureAlert error={error} retry={() => void router.invalidate()} />
      </Container>
    </Framed>
  );
}

export function PendingPage() {
  const { t } = useTranslation();
  return (
    <Center component="main" h="100dvh">
      <Loader role="status" aria-label={t("app.loading")} />
    </Center>
  );
}
