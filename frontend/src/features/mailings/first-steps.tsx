import { Button, List, ThemeIcon } from "@mantine/core";
import { IconCheck, IconMailForward } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { clientChoices, messageChoices } from "@/api/queries/mailing-choices";
import { onlyOwn } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import { EmptyState } from "@/ui/empty-state";

/** What leads to the first mailing, ticked off as it is done. */
export function FirstSteps() {
  const { t } = useTranslation();
  const me = useMe();
  const enabled = !!me;
  const clients = useQuery({ ...clientChoices("", onlyOwn(me, "clients.view_all")), enabled }).data;
  const messages = useQuery({ ...messageChoices("", onlyOwn(me, "messages.view_all")), enabled }).data;
  const steps = [
    { key: "clients", text: t("mailings.empty.clients"), done: !!clients?.length },
    { key: "message", text: t("mailings.empty.message"), done: !!messages?.length },
    { key: "mailing", text: t("mailings.empty.mailing"), done: false },
  ];
  return (
    <EmptyState icon={IconMailForward} title={t("mailings.empty.title")} text={t("mailings.empty.text")}>
      <List type="ordered" spacing="sm" listStyleType="none">
        {steps.map(({ key, text, done }, index) => (
          <List.Item
            key={key}
            icon={
              <ThemeIcon
                size={24}
                radius="xl"
                variant={done ? "filled" : "default"}
                color="teal.9"
                {...(done && { role: "img", "aria-label": t("mailings.empty.done") })}
                {...(!done && { "aria-hidden": true })}
              >
                {done ? <IconCheck size={14} aria-hidden /> : index + 1}
              </ThemeIcon>
            }
          >
            {text}
          </List.Item>
        ))}
      </List>
      <Button variant="default" renderRoot={(props) => <Link {...props} to="/mailings/new" />}>
        {t("mailings.empty.start")}
      </Button>
    </EmptyState>
  );
}
