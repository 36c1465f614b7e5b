import { Anchor, Group, Progress, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { DELIVERY_STATES, type Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { COLOURS } from "./meaning";

/** The sums of a run in little: a bar of what became of its mails, and each number as a link to those mails. */
export function CountBar({ runId, counts }: { runId: number; counts: Report["counts"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const some = DELIVERY_STATES.filter((state) => counts[state] > 0);
  return (
    <Stack gap={6} maw={420}>
      <Progress.Root size="sm" aria-hidden>
        {some.map((state) => (
          <Progress.Section
            key={state}
            value={(counts[state] / counts.planned) * 100}
            color={COLOURS[state]}
            withAria={false}
          />
        ))}
      </Progress.Root>
      <Group gap="2px 12px">
        {some.map((state) => (
          <Anchor
            key={state}
            size="xs"
            className="tabular"
            renderRoot={(props) => (
              <Link {...props} to="/reports/$runId" params={{ runId }} search={{ state }} hash="recipients" />
            )}
          >
            {format.number(counts[state])} {t(`state.delivery.${state}`)}
          </Anchor>
        ))}
      </Group>
    </Stack>
  );
}
