import { List, Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { occurrences, type Timing } from "@/api/queries/mailings";
import type { Occurrence } from "@/api/types";
import { createFormat } from "@/format/format";
import { useFormat } from "@/format/use-format";
import { zoneName } from "@/format/wall";
import { FailureAlert } from "@/ui/failure-alert";

const SHOWN = 5;
/** How many are asked for: the first may be one that has come. */
export const NEXT_STARTS = SHOWN + 1;
const PAUSE = 400;
/** A start this near, in milliseconds, is "at once". */
export const AT_ONCE = 5_000;

interface Props {
  timing: Timing;
  /** Only what lies ahead: the start has passed long ago and is not what starts next. */
  ahead?: boolean;
}

/** The next starts of a schedule as the server works them out, in the schedule's zone. */
export function NextStarts({ timing, ahead = false }: Props) {
  const { t } = useTranslation();
  const [settled] = useDebouncedValue(timing, PAUSE);
  const found = useQuery(occurrences(settled, NEXT_STARTS));
  if (found.isPending)
    return <Skeleton height={120} role="status" aria-label={t("mailingForm.when.working")} />;
  if (found.isError) {
    const wrong = found.error instanceof Failure ? found.error.fields : [];
    if (wrong.length === 0) return <FailureAlert error={found.error} retry={() => void found.refetch()} />;
    return (
      <Text size="sm" c="var(--mantine-color-error)" role="status">
        {wrong.map(({ message }) => message).join(" ")}
      </Text>
    );
  }
  const items = found.data.filter(
    ({ planned_at }) => !ahead || Date.parse(planned_at) > Date.now() + AT_ONCE,
  );
  return <StartList items={items.slice(0, SHOWN)} zone={timing.timezone} />;
}

/** Starts in words, with what is unusual about their times. */
export function StartList({ items, zone }: { items: Occurrence[]; zone: string }) {
  const { t, i18n } = useTranslation();
  const own = useFormat();
  const format = createFormat(i18n.language, zone);
  if (items.length === 0) return <Text size="sm">{t("mailingForm.when.noStart")}</Text>;
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        {t("mailingForm.when.next", { zone: zoneName(zone, i18n.language) })}
      </Text>
      <List size="sm" spacing={4} type="ordered" className="tabular">
        {items.map(({ planned_at, note, opens_at, never_opens }) => (
          <List.Item key={planned_at}>
            <time dateTime={planned_at} title={format.fullDateTime(planned_at)}>
              {format.weekdayTime(planned_at)}
            </time>
            {own.zone !== zone && (
              <Text span size="xs" c="dimmed">
                {" "}
                {t("mailingForm.when.yours", { at: own.dateTime(planned_at) })}
              </Text>
            )}
            {note && (
              <Text size="xs" c="dimmed">
                {t(`mailingForm.when.${note}`)}
              </Text>
            )}
            {opens_at && (
              <Text size="xs" c={never_opens ? "var(--mantine-color-error)" : "dimmed"}>
                {t(never_opens ? "mailingForm.when.neverOpens" : "mailingForm.when.opens", {
                  at: format.weekdayTime(opens_at),
                })}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
