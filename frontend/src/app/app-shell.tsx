import { ActionIcon, AppShell, Box, Burger, Container, Group, Menu, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";
import "@mantine/notifications/styles.css";
import { IconDevicesOff, IconLogout, IconSettings, IconUserCircle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { session } from "@/auth/session";
import { useMe } from "@/auth/use-session";
import { hasKeptDraft } from "@/features/messages/kept-draft";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { FailureAlert } from "@/ui/failure-alert";
import { InFrame } from "@/ui/frame";
import { isUnsaved } from "@/ui/unsaved";
import { Brand } from "./brand";
import { Navigation } from "./navigation";
import { LanguageMenu, ThemeMenu } from "./preferences";
import { SessionLost } from "./session-lost";

/** The frame of everything behind sign-in. */
export function SignedInShell() {
  const { t } = useTranslation();
  const [open, menu] = useDisclosure(false);
  const signOut = useMutation({ mutationFn: () => session.signOut() });
  const router = useRouter();

  // On a phone the menu covers the page it leads to.
  useEffect(() => router.subscribe("onResolved", menu.close), [router, menu.close]);

  return (
    <AppShell
      transitionDuration={0}
      header={{ height: 56 }}
      navbar={{ width: 240, breakpoint: "md", collapsed: { mobile: !open } }}
      padding={{ base: "md", sm: "lg" }}
    >
      <AppShell.Header>
        <Group h="100%" px={{ base: "md", sm: "lg" }} justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={open}
              onClick={menu.toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t("app.menu")}
              aria-expanded={open}
            />
            <Brand />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LanguageMenu />
            <ThemeMenu />
            <AccountMenu signOut={() => signOut.mutate()} />
          </Group>
        </Group>
      </AppShell.Header>

      <AppShell.Navbar p="xs" style={{ overflowY: "auto" }} aria-label={t("app.navigation")}>
        <Navigation />
      </AppShell.Navbar>

      <AppShell.Main id="main" tabIndex={-1}>
        <Container size={1280} px={0}>
          {signOut.isError && (
            <Box mb="md">
              <FailureAlert error={signOut.error} retry={() => signOut.mutate()} retrying={signOut.isPending}>
                {t("account.signOutFailed")}
              </FailureAlert>
            </Box>
          )}
          <InFrame value={true}>
            <Outlet />
          </InFrame>
        </Container>
      </AppShell.Main>
      <Notifications position="top-center" limit={4} />
      <SessionLost />
    </AppShell>
  );
}

type Unsaved = "page" | "message";

/** What signing out would lose: edits on the page, and what the browser keeps of a new message. */
function unsavedOf(userId: number | undefined): Unsaved[] {
  const message = userId !== undefined && hasKeptDraft(userId);
  const onItsPage = message && window.location.pathname === "/messages/new";
  return [...(isUnsaved() && !onItsPage ? ["page" as const] : []), ...(message ? ["message" as const] : [])];
}

function AccountMenu({ signOut }: { signOut: () => void }) {
  const { t } = useTranslation();
  const user = useMe();
  const email = user?.email ?? "";
  const [everywhere, setEverywhere] = useState(false);
  const [unsaved, setUnsaved] = useState<Unsaved[]>([]);
  const [asked, setAsked] = useState(false);
  /** Whether signing out now would lose anything; what that is stands in the dialog. */
  const look = () => {
    const found = unsavedOf(user?.id);
    setUnsaved(found);
    return found.length > 0;
  };
  const losses = unsaved.map((what) => <p key={what}>{t(`account.unsaved.${what}`)}</p>);
  return (
    <>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            size="lg"
            aria-label={t("account.menu", { email })}
          >
            <IconUserCircle size={22} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Box px="sm" py="xs">
            {user?.full_name && (
              <Text size="sm" fw={600} truncate>
                {user.full_name}
              </Text>
            )}
            <Text size="sm" c="dimmed" truncate title={email}>
              {email}
            </Text>
          </Box>
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconSettings size={16} aria-hidden />}
            renderRoot={(props) => <Link {...props} to="/account" />}
          >
            {t("profile.title")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => (look() ? setAsked(true) : signOut())}
          >
            {t("account.signOut")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDevicesOff size={16} aria-hidden />}
            onClick={() => {
              look();
              setEverywhere(true);
            }}
          >
            {t("account.signOutEverywhere")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        opened={everywhere}
        onClose={() => setEverywhere(false)}
        title={t("account.everywhereTitle")}
        act={t("account.signOutEverywhere")}
        onConfirm={() => session.signOutEverywhere()}
      >
        {t("account.everywhereText")}
        {losses}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asked}
        onClose={() => setAsked(false)}
        title={t("account.unsaved.title")}
        act={t("account.signOut")}
        onConfirm={() => session.signOut()}
      >
        {losses}
      </ConfirmDialog>
    </>
  );
}
