import { Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { START_PATH } from "@/auth/return-path";
import { EmptyState } from "./empty-state";
import { usePageTitle } from "./page-header";

/** Stands where a page would, for those who may not see it. */
export function ForbiddenState() {
  const { t } = useTranslation();
  usePageTitle(t("ui.forbidden.title"));
  return (
    <EmptyState icon={IconLock} title={t("ui.forbidden.title")} text={t("ui.forbidden.text")} order={1}>
      <Button variant="default" renderRoot={(props) => <Link {...props} to={START_PATH} />}>
        {t("ui.forbidden.back")}
      </Button>
    </EmptyState>
  );
}
