import { Alert, Anchor, Code, Loader, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconClock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { findCaptured, testMail } from "@/api/queries/messages";
import type { TestMail } from "@/api/types";
import { may } from "@/auth/rights";
import { useMe } from "@/auth/use-session";
import type { Resources } from "@/i18n/resources";
import { useAnswers } from "./answer-words";
import { FailureAlert } from "./failure-alert";
import { DateTime } from "./times";

interface Props {
  /** Of the test mail. */
  id: number;
  to: string;
  /** The captured mails that were there for the address before; undefined where none are captured. */
  before: number[] | undefined;
}

/** What became of a test: sent, refused, or why it waits; with the server's words and the way on. */
export function TestFate({ id, to, before }: Props) {
  const { t } = useTranslation();
  const { data: mail, error, isFetching, refetch } = useQuery(testMail(id));
  if (mail?.state === "sent") {
    return before ? <Captured mail={mail} before={before} /> : <Sent mail={mail} />;
  }
  if (mail?.state === "failed") {
    return (
      <Told color="red" icon={<IconAlertTriangle aria-hidden />}>
        <Text size="sm">{t(mail.code ? "messages.test.refused" : "messages.test.lost")}</Text>
        <Answer mail={mail} />
      </Told>
    );
  }
  if (mail && (mail.reason !== "" || mail.response !== "")) return <Waits mail={mail} />;
  if (error) {
    return (
      <FailureAlert
        error={error}
        title={t("messages.test.unknown")}
        retry={() => void refetch()}
        retrying={isFetching}
      />
    );
  }
  return <OnItsWay to={to} called={mail !== undefined && mail.attempts > 0} />;
}

/** It was asked for, and nothing more is known. */
export function OnItsWay({ to, called = false }: { to: string; called?: boolean }) {
  const { t } = useTranslation();
  return (
    <Told color="teal" icon={<Loader size={18} />}>
      <Text size="sm">
        {t("messages.test.onItsWay", { to })} {called && t("messages.test.slow")}
      </Text>
    </Told>
  );
}

function Sent({ mail }: { mail: TestMail }) {
  const { t } = useTranslation();
  return (
    <Told color="teal" icon={<IconCircleCheck aria-hidden />}>
      <Text size="sm">{t("messages.test.taken", { to: mail.to })}</Text>
      <Answer mail={mail} />
    </Told>
  );
}

/** Sent where mails are captured: the inbox of this installation took it, unless it left by a transport. */
function Captured({ mail, before }: { mail: TestMail; before: number[] }) {
  const { t } = useTranslation();
  const { data: found, isPending } = useQuery({
    queryKey: ["inbox", "arrival", mail.id] as const,
    queryFn: async ({ signal }) =>
      (await findCaptured(mail.to, signal)).find(({ id }) => !before.includes(id)) ?? null,
  });
  if (isPending) return <OnItsWay to={mail.to} />;
  if (!found) return <Sent mail={mail} />;
  return (
    <Told color="teal" icon={<IconCircleCheck aria-hidden />}>
      <Text size="sm">
        {t("messages.test.arrived", { to: mail.to })}{" "}
        <Anchor href={`/inbox?open=${found.id}`} c="inherit" underline="always">
          {t("messages.test.open")}
        </Anchor>
      </Text>
    </Told>
  );
}

type Wait = keyof Resources["messages"]["test"]["waits"];

/** What a superuser looks at to find out more, by the reason. */
const PLACES = {
  no_worker: { to: "/admin/system", words: "messages.test.system" },
  no_transport: { to: "/admin/transports", words: "messages.test.transports" },
  transport_down: { to: "/admin/transports", words: "messages.test.transports" },
  smtp_auth: { to: "/admin/transports", words: "messages.test.transports" },
  transport_limit: { to: "/admin/transports", words: "messages.test.transports" },
} as const satisfies Record<Wait, { to: string; words: string }>;

function Waits({ mail }: { mail: TestMail }) {
  const { t } = useTranslation();
  const superuser = may(useMe(), "superuser");
  const reason = mail.reason in PLACES ? (mail.reason as Wait) : undefined;
  const place = reason ? PLACES[reason] : mail.code === 0 ? PLACES.transport_down : undefined;
  return (
    <Told color="yellow" icon={<IconClock aria-hidden />}>
      <Text size="sm">
        {reason
          ? t(`messages.test.waits.${reason}`)
          : t(mail.code ? "messages.test.later" : "messages.test.unanswered")}
      </Text>
      <Answer mail={mail} />
      {!reason && mail.next_at && (
        <Text size="sm">
          {Date.parse(mail.next_at) > Date.now() ? (
            <>
              {t("messages.test.next")} <DateTime at={mail.next_at} within />
            </>
          ) : (
            t("messages.test.soon")
          )}
        </Text>
      )}
      {superuser && place && (
        <Anchor
          size="sm"
          c="inherit"
          underline="always"
          renderRoot={(props) => <Link {...props} to={place.to} />}
        >
          {t(place.words)}
        </Anchor>
      )}
    </Told>
  );
}

/** The server's words as they are, or what we note where it said none. */
function Answer({ mail }: { mail: TestMail }) {
  const { text, ours } = useAnswers()(mail);
  if (!text) return null;
  if (ours) {
    return (
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {text}
      </Text>
    );
  }
  return (
    <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
      {text}
    </Code>
  );
}

function Told({ color, icon, children }: { color: string; icon: ReactNode; children: ReactNode }) {
  return (
    <Alert role="status" color={color} variant="light" icon={icon}>
      <Stack gap="xs">{children}</Stack>
    </Alert>
  );
}
