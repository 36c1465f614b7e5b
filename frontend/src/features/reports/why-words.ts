import { useTranslation } from "react-i18next";
import type { Why } from "@/api/types";
import { useFormat } from "@/format/use-format";
import type { Resources } from "@/i18n/resources";
import { useSmtpWords } from "./smtp-words";

type Skipped = Exclude<keyof Resources["why"]["skipped"], "other">;
const SKIPPED: readonly Skipped[] = [
  "unsubscribed",
  "bounced",
  "complained",
  "blocked",
  "duplicate_address",
  "client_deleted",
  "render_error",
];

/** Why a mail was skipped, in a sentence; a reason that this interface does not know stands as it is. */
export function useSkipWords(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => {
    const known = SKIPPED.find((one) => one === reason);
    return known ? t(`why.skipped.${known}`) : t("why.skipped.other", { reason });
  };
}

/** One sentence for each case of a client in a run. */
export function useWhyWords() {
  const { t } = useTranslation();
  const format = useFormat();
  const smtp = useSmtpWords();

  const skipped = useSkipWords();

  return {
    /** Why the client is among the recipients or is not. */
    member: ({ membership, tag, run_status }: Why) =>
      membership === "not_started" && (run_status === "missed" || run_status === "cancelled")
        ? t("why.member.missed")
        : t(`why.member.${membership}`, { tag }),

    /** What became of the mail; empty when there was none. */
    outcome: ({ delivery, attempts }: Why) => {
      if (!delivery) return "";
      const { state, reason, next_at, updated_at, resolved_by } = delivery;
      switch (state) {
        case "skipped":
          return skipped(reason);
        case "deferred":
          return next_at
            ? t("why.state.deferred", { next: format.dateTime(next_at) })
            : t("why.state.deferredSoon");
        case "sent":
          return resolved_by
            ? t("why.state.sentByHand")
            : t("why.state.sent", { at: format.exactDateTime(attempts.at(-1)?.finished_at ?? updated_at) });
        case "failed":
          if (resolved_by) return t("why.state.failedByHand");
          return t("why.state.failed", {
            words: smtp({
              outcome: "failed",
              code: delivery.last_code,
              enhanced: delivery.last_enhanced,
              response: delivery.last_response,
            }),
          });
        default:
          return t(`why.state.${state}`);
      }
    },

    /** That the address gets no mail any more; empty when it does. */
    suppressed: ({ suppression }: Why) =>
      suppression
        ? t(`why.suppressed.${suppression.reason}`, { at: format.date(suppression.created_at) })
        : "",
  };
}
