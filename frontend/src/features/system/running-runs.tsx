import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isWaiting, type Report } from "@/api/types";
import { ProgressBar } from "@/ui/progress-bar";

/** The runs under way, each with its bar. */
export function RunningRuns({ runs, lost }: { runs: Report[]; lost: boolean }) {
  const { t } = useTranslation();
  return (
    <Stack gap="md" mt="xs">
      {runs.map(({ run_id, mailing_name, owner_email, counts, rate_per_second, status, reason }) => {
        const done = counts.planned - counts.pending - counts.sending - counts.deferred;
        return (
          <div key={run_id}>
            <ProgressBar
              label={mailing_name}
              done={done}
              total={counts.planned}
              parts={[
                { value: counts.sent, color: "teal" },
                { value: counts.deferred, color: "yellow" },
                { value: counts.failed, color: "red" },
                { value: counts.in_doubt, color: "grape" },
              ]}
              rate={status === "running" ? rate_per_second : null}
              waits={isWaiting({ status, reason })}
              lost={lost}
            />
            {owner_email && (
              <Text size="xs" c="dimmed" mt={4}>
                {t("system.runs.owner", { email: owner_email })}
              </Text>
            )}
          </div>
        );
      })}
    </Stack>
  );
}
