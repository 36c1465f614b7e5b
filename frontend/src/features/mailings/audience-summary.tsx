import { List, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { audienceCount } from "@/api/queries/mailings";
import type { Audience, AudienceCount } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { useSkippedWords } from "@/ui/reason-words";
import { namesAnybody } from "./form-values";

/** How long one must have stopped choosing before it is counted again, in milliseconds. */
const PAUSE = 400;
/** How many are shown by name. */
const SAMPLE = 5;

/** What is known of an audience, a moment after it was changed last. */
export function useCounted(audience: Audience) {
  const [settled] = useDebouncedValue(audience, PAUSE);
  return useQuery({ ...audienceCount(settled), enabled: namesAnybody(settled) });
}

/** How many of an audience get the mail, and how many of it are skipped. */
export function reachOf({ count, skipped }: AudienceCount): { mailed: number; skipped: number } {
  const without = Object.values(skipped).reduce((sum, n) => sum + n, 0);
  return { mailed: count - without, skipped: without };
}

/** Whom an audience reaches as things are: how many, who is skipped and why, and some of them by name. */
export function AudienceSummary({ audience }: { audience: Audience }) {
  const { t } = useTranslation();
  const counted = useCounted(audience);
  if (counted.isPending)
    return <Skeleton height={96} role="status" aria-label={t("mailingForm.audience.counting")} />;
  // What is wrong with a field is told at the field when it is saved.
  if (counted.isError && !(counted.error instanceof Failure && counted.error.status === 422)) {
    return (
      <FailureAlert
        error={counted.error}
        title={t("mailingForm.audience.countFailed")}
        retry={() => void counted.refetch()}
        retrying={counted.isFetching}
      />
    );
  }
  return counted.data ? <Counted found={counted.data} /> : null;
}

function Counted({ found }: { found: AudienceCount }) {
  const { t } = useTranslation();
  const format = useFormat();
  const why = useSkippedWords();
  const { mailed, skipped } = reachOf(found);
  const sample = found.sample.slice(0, SAMPLE);
  const more = found.count - sample.length;
  return (
    <Paper withBorder p="md" bg="var(--mantine-color-default-hover)">
      <Stack gap="sm">
        <div role="status">
          <Text fw={600} className="tabular">
            {t("mailingForm.audience.mailed", { count: mailed, number: format.number(mailed) })}
          </Text>
          {found.count === 0 && (
            <Text size="sm" c="dimmed">
              {t("mailingForm.audience.matchesNobody")}
            </Text>
          )}
          {skipped > 0 && (
            <Text size="sm" c="dimmed" className="tabular">
              {t("mailingForm.audience.skipped", {
                count: skipped,
                number: format.number(skipped),
                reasons: Object.entries(found.skipped)
                  .map(([reason, n]) => `${format.number(n)} ${why(reason)}`)
                  .join(", "),
              })}
            </Text>
          )}
        </div>
        {sample.length > 0 && (
          <List size="sm" listStyleType="none" spacing={2} aria-label={t("mailingForm.audience.sample")}>
            {sample.map(({ id, email, full_name }) => (
              <List.Item key={id} style={{ overflowWrap: "anywhere" }}>
                {full_name ? `${full_name} · ` : ""}
                <Text span inherit c="dimmed">
                  {email}
                </Text>
              </List.Item>
            ))}
            {more > 0 && (
              <List.Item c="dimmed" className="tabular">
                {t("mailingForm.audience.andMore", { count: more, number: format.number(more) })}
              </List.Item>
            )}
          </List>
        )}
      </Stack>
    </Paper>
  );
}
