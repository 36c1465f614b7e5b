import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { quotas } from "@/api/queries/me";
import { useFormat } from "@/format/use-format";
import { FailureAlert } from "@/ui/failure-alert";
import { ProgressBar } from "@/ui/progress-bar";

/** What of the account's quotas is used; for those who have one. */
export function Quotas() {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, isFetching, refetch } = useQuery(quotas());
  if (!data) {
    return error && <FailureAlert error={error} retry={() => void refetch()} retrying={isFetching} />;
  }
  const { clients, mails_today: mails, resets_at: resets } = data;
  return (
    <Stack gap="md">
      {clients.limit !== null && (
        <ProgressBar label={t("profile.quotaClients")} done={clients.used ?? 0} total={clients.limit} />
      )}
      {mails.limit !== null && (
        <div>
          <ProgressBar label={t("profile.quotaMails")} done={mails.used ?? 0} total={mails.limit} />
          <Text size="sm" c="dimmed">
            {t("profile.quotaResets", { time: format.dateTime(resets) })}
          </Text>
        </div>
      )}
    </Stack>
  );
}
