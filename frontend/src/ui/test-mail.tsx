import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/failure";
import { capturesMail } from "@/api/queries/inbox";
import { findCaptured } from "@/api/queries/messages";
import { useSingleMutation } from "@/api/use-single-mutation";
import { FailureAlert } from "./failure-alert";
import { TestFate } from "./test-fate";

/** Sends a test mail to an address by the given call, and keeps what TestOutcome tells of it. */
export function useTestMail(to: string, send: () => Promise<{ id: number }>) {
  const queries = useQueryClient();
  const test = useSingleMutation({
    mutationFn: async () => {
      const before = (await queries.fetchQuery(capturesMail()))
        ? (await findCaptured(to, AbortSignal.timeout(15_000))).map((mail) => mail.id)
        : undefined;
      return { id: (await send()).id, to, before };
    },
  });
  return { ...test, to };
}

/** What became of a test mail, once the server took or refused it. */
export function TestOutcome({ test }: { test: ReturnType<typeof useTestMail> }) {
  const { t } = useTranslation();
  if (test.error) {
    const fields = test.error instanceof Failure ? test.error.fields : [];
    return (
      <FailureAlert error={test.error} title={t("messages.test.failed")}>
        {fields.map(({ message }) => message).join(" ") || undefined}
      </FailureAlert>
    );
  }
  return test.data ? <TestFate key={test.data.id} {...test.data} /> : null;
}
