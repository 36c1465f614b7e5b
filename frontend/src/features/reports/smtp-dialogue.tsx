import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Attempt } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { useAnswers } from "@/ui/answer-words";
import { replyOf } from "./meaning";
import classes from "./smtp-dialogue.module.css";
import { useSmtpWords } from "./smtp-words";

/** What we said last, by the step that an attempt ended in. */
const SAID: Record<Attempt["phase"], string> = {
  connect: "",
  ehlo: "EHLO",
  starttls: "STARTTLS",
  auth: "AUTH",
  mail: "MAIL FROM",
  rcpt: "RCPT TO",
  data: "DATA",
  body: "…",
  response: "… .",
};

/** The attempts of a delivery as the end of each talk with a server: what was asked, what was answered, what it means. */
export function SmtpDialogue({ attempts }: { attempts: Attempt[] }) {
  const { t } = useTranslation();
  return (
    <ol className={classes.list} aria-label={t("smtp.title")}>
      {attempts.map((attempt) => (
        <One key={attempt.number} attempt={attempt} />
      ))}
    </ol>
  );
}

function One({ attempt }: { attempt: Attempt }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useSmtpWords();
  const answers = useAnswers();
  const { number, outcome, phase, transport, started_at, duration_ms } = attempt;
  const said = phase === "rcpt" ? `RCPT TO:<${attempt.email}>` : SAID[phase];
  const { text, ours } = answers(attempt);
  return (
    <li className={classes.attempt} data-reply={replyOf(attempt)}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {t("smtp.number", { number: format.number(number) })}: {t(`smtp.outcome.${outcome}`)}
        </Text>
        <Text size="xs" c="dimmed" className="tabular">
          <time dateTime={started_at} title={format.fullDateTime(started_at)}>
            {format.exactDateTime(started_at)}
          </time>
        </Text>
      </Group>
      <dl className={classes.lines}>
        <dt>{t("smtp.we")}</dt>
        <dd>{[said, `(${t(`smtp.phase.${phase}`)})`].filter(Boolean).join(" ")}</dd>
        <dt>{t(ours ? "smtp.result" : "smtp.server")}</dt>
        <dd>{text || t("smtp.silence")}</dd>
      </dl>
      <Text size="sm">{words(attempt)}</Text>
      <Text size="xs" c="dimmed" mt={4}>
        {t("smtp.transport", { name: transport })} ·{" "}
        {t("smtp.took", { time: format.milliseconds(duration_ms) })}
      </Text>
    </li>
  );
}
