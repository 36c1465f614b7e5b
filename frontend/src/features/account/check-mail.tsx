import { Anchor, Button, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { FailureAlert } from "@/ui/failure-alert";
import { EntryCard } from "./entry-card";

interface Props {
  /** What was sent, and what to do with it. */
  children: ReactNode;
  /** Has the mail sent once more. */
  again: () => Promise<unknown>;
}

/** What stands where a form was whose answer comes by mail. It does not know whether a mail was sent, so that nobody learns who has an account. */
export function CheckMail({ children, again }: Props) {
  const { t } = useTranslation();
  const [state, setState] = useState<"idle" | "pending" | "sent">("idle");
  const [failure, setFailure] = useState<unknown>(null);
  const send = async () => {
    setState("pending");
    setFailure(null);
    try {
      await again();
      setState("sent");
    } catch (error) {
      setFailure(error);
      setState("idle");
    }
  };
  return (
    <EntryCard title={t("mail.title")} footer={<ToSignIn />}>
      <Stack gap="md">
        <Text role="status">{children}</Text>
        <Text size="sm" c="dimmed">
          {t("mail.spam")}
        </Text>
        {failure !== null && <FailureAlert error={failure} />}
        {state === "sent" ? (
          <Text size="sm" role="status">
            {t("mail.sentAgain")}
          </Text>
        ) : (
          <Button variant="default" loading={state === "pending"} onClick={() => void send()}>
            {t("mail.again")}
          </Button>
        )}
      </Stack>
    </EntryCard>
  );
}

/** The way back from the pages about forgotten and lost things. */
export function ToSignIn() {
  const { t } = useTranslation();
  return (
    <Anchor inherit underline="always" renderRoot={(props) => <Link {...props} to="/sign-in" />}>
      {t("mail.toSignIn")}
    </Anchor>
  );
}
