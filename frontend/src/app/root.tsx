import { Group, Text } from "@mantine/core";
import { IconWifiOff } from "@tabler/icons-react";
import { Outlet, useRouter } from "@tanstack/react-router";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { keepFocus } from "@/ui/lost-focus";
import { focusHeading } from "@/ui/page-header";
import classes from "./root.module.css";

/** What every page has: the way past the menu, the word that the connection is gone, and the focus that follows a change of page and is never lost. */
export function Root() {
  const { t } = useTranslation();
  useFocusOnNewPage();
  useEffect(keepFocus, []);
  return (
    <>
      <button
        type="button"
        className="skip-link"
        onClick={() => document.querySelector<HTMLElement>("main")?.focus()}
      >
        {t("app.skip")}
      </button>
      <OfflineNotice />
      <Outlet />
    </>
  );
}

function useFocusOnNewPage() {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged, fromLocation }) => {
        if (fromLocation && pathChanged) focusHeading();
      }),
    [router],
  );
}

function subscribeToConnection(listener: () => void) {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

function OfflineNotice() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(subscribeToConnection, () => navigator.onLine);
  return (
    <div role="status" className={online ? undefined : classes.offline}>
      {!online && (
        <Group gap="xs" wrap="nowrap" justify="center">
          <IconWifiOff size={18} aria-hidden />
          <Text size="sm">{t("app.offline")}</Text>
        </Group>
      )}
    </div>
  );
}
