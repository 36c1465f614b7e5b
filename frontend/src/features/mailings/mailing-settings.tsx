import { Anchor, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { messageChoice, transportChoices } from "@/api/queries/mailing-choices";
import { audienceOfMailing, occurrencesOfMailing } from "@/api/queries/mailings";
import type { Mailing } from "@/api/types";
import { sentence } from "@/format/sentence";
import { useFormat } from "@/format/use-format";
import { DateTime } from "@/ui/times";
import { reachOf } from "./audience-summary";
import { useAudienceWords } from "./audience-words";
import { messageLink } from "./links";
import classes from "./mailing-settings.module.css";
import { StartList } from "./next-starts";
import { useMailingWhen } from "./schedule-words";

/** What the mailing is set to, in words; what was left as it is by default is not told. */
export function MailingSettings({ mailing, own }: { mailing: Mailing; own: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const when = useMailingWhen();
  const audienceWords = useAudienceWords();
  const transports = useQuery({ ...transportChoices(), enabled: mailing.transport_id !== null }).data;
  const transport = transports?.find(({ id }) => id === mailing.transport_id);
  const { window, rate_per_minute, run_minutes, end_at } = mailing;
  const waits = mailing.status === "draft" || mailing.status === "scheduled";

  const rows: [string, ReactNode][] = [
    [t("mailingForm.message.label"), <MessageName key="message" id={mailing.message_id} own={own} />],
    [t("mailingForm.audience.title"), sentence(audienceWords(mailing.audience))],
    ...(waits
      ? [[t("mailing.settings.reach"), <Reach key="reach" id={mailing.id} />] as [string, ReactNode]]
      : []),
    [t("mailingForm.when.title"), when(mailing)],
    [t("mailingForm.more.end"), end_at && <DateTime at={end_at} />],
    [
      t("mailingForm.more.runMinutes"),
      run_minutes &&
        t("mailing.settings.minutes", { count: run_minutes, number: format.number(run_minutes) }),
    ],
    [
      t("mailing.settings.window"),
      window &&
        t("mailingForm.check.window", {
          from: window.from,
          to: window.to,
          days: window.weekdays.map((day) => t(`schedule.weekday.${day as 1}`)).join(", "),
        }),
    ],
    [t("mailing.rate.label"), rate_per_minute && format.number(rate_per_minute)],
    [
      t("mailing.settings.sender"),
      [mailing.from_name, mailing.from_email && `<${mailing.from_email}>`].filter(Boolean).join(" "),
    ],
    [t("mailingForm.more.replyTo"), mailing.reply_to],
    [t("mailingForm.more.transport"), transport?.name],
    [t("mailingForm.more.late"), mailing.late_policy === "skip" && t("mailingForm.more.lateAs.skip")],
    [
      t("mailingForm.more.inDoubt"),
      mailing.in_doubt_policy === "resend" && t("mailingForm.more.inDoubtAs.resend"),
    ],
  ];
  return (
    <Paper component="section" withBorder p={{ base: "md", sm: "lg" }} aria-labelledby="settings">
      <Stack gap="md">
        <Title order={2} size="h4" id="settings">
          {t("mailing.settings.title")}
        </Title>
        <dl className={classes.list}>
          {rows
            .filter(([, value]) => value)
            .map(([label, value]) => (
              <Fragment key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </Fragment>
            ))}
        </dl>
        {mailing.status === "scheduled" && mailing.repeat && <Upcoming mailing={mailing} />}
      </Stack>
    </Paper>
  );
}

function MessageName({ id, own }: { id: number | null; own: boolean }) {
  const { t } = useTranslation();
  const message = useQuery({ ...messageChoice(id ?? 0), enabled: id !== null });
  if (id === null || message.isLoadingError) return t("mailing.settings.messageGone");
  if (!message.data) return <Skeleton height={16} width={140} />;
  return own ? (
    <Anchor inherit renderRoot={(props) => <Link {...props} {...messageLink(id)} />}>
      {message.data.name}
    </Anchor>
  ) : (
    message.data.name
  );
}

function Reach({ id }: { id: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const counted = useQuery(audienceOfMailing(id)).data;
  if (!counted) return <Skeleton height={16} width={120} />;
  const { mailed, skipped } = reachOf(counted);
  return (
    <span className="tabular">
      {t("mailingForm.audience.mailed", { count: mailed, number: format.number(mailed) })}
      {skipped > 0 && (
        <Text span inherit c="dimmed">
          {" · "}
          {t("mailing.settings.skipped", { count: skipped, number: format.number(skipped) })}
        </Text>
      )}
    </span>
  );
}

function Upcoming({ mailing }: { mailing: Mailing }) {
  const found = useQuery(occurrencesOfMailing(mailing.id, 5)).data;
  return found ? <StartList items={found} zone={mailing.timezone} /> : <Skeleton height={96} />;
}
