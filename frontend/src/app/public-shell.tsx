import { Box, Button, Container, Group } from "@mantine/core";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { START_PATH } from "@/auth/return-path";
import { useSignInExpected } from "@/auth/use-session";
import { Brand } from "./brand";
import { LanguageMenu, ThemeMenu } from "./preferences";
import classes from "./public-shell.module.css";

/** The frame of the pages that need no session. */
export function PublicShell({ children = <Outlet /> }: { children?: ReactNode }) {
  const { t } = useTranslation();
  const expected = useSignInExpected();
  const atSignIn = useLocation({ select: ({ pathname }) => pathname === "/sign-in" });
  return (
    <Box className={classes.page}>
      <header className={classes.header}>
        <Container size={1280} h="100%">
          <Group h="100%" justify="space-between" wrap="nowrap">
            <Brand />
            <Group gap="xs" wrap="nowrap">
              <LanguageMenu />
              <ThemeMenu />
              {!atSignIn && (
                <Button
                  variant="default"
                  renderRoot={(props) => <Link {...props} to={expected ? START_PATH : "/sign-in"} />}
                >
                  {expected ? t("nav.dashboard") : t("account.signIn")}
                </Button>
              )}
            </Group>
          </Group>
        </Container>
      </header>
      <main id="main" tabIndex={-1}>
        <Container size={1280} py="xl">
          {children}
        </Container>
      </main>
    </Box>
  );
}
