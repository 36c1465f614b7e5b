import { Button, Center, Container, Loader, Stack, Text, Title } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { focusManager } from "@tanstack/react-query";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { type ReactNode, useContext, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isAway, LONGEST, STEP } from "@/api/come-back";
import { Failure, MissingPart } from "@/api/failure";
import { me } from "@/api/queries/me";
import { START_PATH } from "@/auth/return-path";
import { session } from "@/auth/session";
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
  const { retry, retrying } = useReturn(error, router);
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
        <PageHeader title={t(isAway(error) ? "failure.away" : "failure.unexpected")} />
        <FailureAlert error={error} retry={retry} retrying={retrying} />
      </Container>
    </Framed>
  );
}

type Router = ReturnType<typeof useRouter>;

/** Whether the server answers again what it did not. */
async function answers(error: unknown, router: Router): Promise<boolean> {
  try {
    if (error instanceof MissingPart) return (await fetch("/", { cache: "no-store" })).ok;
    if (await session.restore()) await router.options.context.queries.fetchQuery({ ...me(), retry: false });
    return true;
  } catch (failure) {
    return !(error instanceof MissingPart) && !isAway(failure);
  }
}

/** A part of the interface itself, which the browser remembers as missing, comes with the whole page alone. */
function showAgain(error: unknown, router: Router) {
  if (error instanceof MissingPart) window.location.reload();
  else void router.invalidate();
}

/** Shows the page by itself once the server answers, and keeps its words until then. */
function useReturn(error: unknown, router: Router) {
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    if (!isAway(error)) return;
    let left = false;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (time: number) => {
      timer = setTimeout(async () => {
        const back = focusManager.isFocused() && (await answers(error, router));
        if (left) return;
        if (back) showAgain(error, router);
        else wait(Math.min(time + STEP, LONGEST));
      }, time);
    };
    // Of a newer release, whose parts have other names, the server answers; not again at once if that was not it.
    wait(error instanceof MissingPart && performance.now() > LONGEST ? 0 : STEP);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [error, router]);
  const retry = async () => {
    setTrying(true);
    if (!(error instanceof MissingPart) || (await answers(error, router))) showAgain(error, router);
    setTrying(false);
  };
  return { retry: () => void retry(), retrying: trying };
}

export function PendingPage() {
  const { t } = useTranslation();
  return (
    <Center component="main" h="100dvh">
      <Loader role="status" aria-label={t("app.loading")} />
    </Center>
  );
}
