import { Alert, Stack, Text, Title } from "@mantine/core";
import { IconCopyOff, IconMailOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Why } from "@/api/types";
import { CopyButton } from "@/ui/copy-button";
import { StateBadge } from "@/ui/state-badge";
import { SmtpDialogue } from "./smtp-dialogue";
import { useWhyWords } from "./why-words";

/** All that is known of a client in a run, in sentences, and the talks with the servers below. */
export function WhyFacts({ why }: { why: Why }) {
  const { t } = useTranslation();
  const words = useWhyWords();
  const { delivery } = why;
  const suppressed = words.suppressed(why);
  return (
    <Stack gap="lg">
      {delivery && (
        <Section title={t("why.outcome")}>
          <div>
            <StateBadge of="delivery" state={delivery.state} />
          </div>
          <Text>{words.outcome(why)}</Text>
          {delivery.retried_by && <Text>{t("why.retried")}</Text>}
          {delivery.possible_duplicate && (
            <Alert color="gray" variant="outline" icon={<IconCopyOff aria-hidden />}>
              {t("why.duplicate")}
            </Alert>
          )}
        </Section>
      )}
      <Section title={t("why.audience")}>
        <Text>{words.member(why)}</Text>
        {why.client_deleted && <Text c="dimmed">{t("why.deleted")}</Text>}
        {suppressed && (
          <Alert color="gray" variant="outline" icon={<IconMailOff aria-hidden />}>
            {suppressed}
          </Alert>
        )}
      </Section>
      {delivery && (
        <Section title={t("why.attempts")}>
          {why.attempts.length > 0 ? (
            <SmtpDialogue attempts={why.attempts} />
          ) : (
            <Text c="dimmed">{t("why.noAttempts")}</Text>
          )}
          {delivery.message_id && (
            <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: "anywhere" }}>
              {t("why.messageId")}: {delivery.message_id}{" "}
              <CopyButton text={`<${delivery.message_id}>`} what={t("why.copyMessageId")} />
            </Text>
          )}
        </Section>
      )}
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="xs">
      <Title order={2} size="h5">
        {title}
      </Title>
      {children}
    </Stack>
  );
}
