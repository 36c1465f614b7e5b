import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";

export interface FailureWords {
  text: string;
  /** What support can find in the server's logs; empty when the request never got there or it would help nobody. */
  requestId: string;
}

/** Turns whatever a call rejected with into a sentence for people, in the language of the interface. */
export function useFailureWords(): (error: unknown) => FailureWords {
  const { t } = useTranslation();
  return (error) => failureWords(t, error);
}

/** The same where there is no component. */
export function failureWords(t: TFunction, error: unknown): FailureWords {
  if (!(error instanceof Failure)) return { text: t("failure.unexpected"), requestId: "" };
  const { status, detail, retryAfter } = error;
  const requestId = status >= 500 ? error.requestId : "";
  if (error.isForeign && (error.isNetwork || ![413, 429, 502, 503, 504].includes(status)))
    return { text: t("failure.foreign"), requestId: "" };
  if (error.isNetwork) return { text: t("failure.network"), requestId };
  if (status === 429) {
    const text = retryAfter ? t("failure.tooManyWait", { count: retryAfter }) : t("failure.tooMany");
    return { text, requestId };
  }
  if (status === 502 || status === 503 || status === 504)
    return { text: t("failure.unavailable"), requestId };
  if (status >= 500) return { text: t("failure.internal"), requestId };
  // The server's own sentence knows more than any of ours.
  if (detail) return { text: detail, requestId };
  if (status === 403) return { text: t("failure.forbidden"), requestId };
  if (status === 404) return { text: t("failure.notFound"), requestId };
  return { text: t("failure.unexpected"), requestId };
}
