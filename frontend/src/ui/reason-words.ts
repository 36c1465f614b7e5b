import { useTranslation } from "react-i18next";

/** Why a run waits, paused or was not sent, as the API names it, in the order of model.Reason*. */
const REASONS = [
  "sender_rejected",
  "refused_by_policy",
  "smtp_auth",
  "message_too_large",
  "transport_down",
  "no_transport",
  "transport_limit",
  "outside_window",
  "rate",
  "daily_quota",
  "late",
  "still_running",
  "ended",
  "bad_message",
  "empty_audience",
  "by_person",
] as const;

/** Why a client of the audience gets no mail. */
const SKIPPED = [
  "unsubscribed",
  "bounced",
  "complained",
  "blocked",
  "duplicate_address",
  "client_deleted",
  "render_error",
] as const;

/** A reason of a mailing or a run in a sentence; one that this interface does not know stands as it is. */
export function useReasonWords(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => {
    const known = REASONS.find((one) => one === reason);
    return known ? t(`reason.run.${known}`) : reason;
  };
}

/** Why clients are skipped, after a number: "3 unsubscribed". */
export function useSkippedWords(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => {
    const known = SKIPPED.find((one) => one === reason);
    return known ? t(`reason.skipped.${known}`) : reason;
  };
}
