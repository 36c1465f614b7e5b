import { Button, Checkbox, Stack, Text } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changed } from "@/api/queries/keys";
import { type Left, reasons, retryRun } from "@/api/queries/reports";
import type { Reason, Report } from "@/api/types";
import { useFormat } from "@/format/use-format";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { notify } from "@/ui/notify";
import { useSmtpWords } from "./smtp-words";
import type { Retries } from "./use-retries";

interface Props {
  runId: number;
  counts: Report["counts"];
  retries: Retries;
  left: Left;
}

/** Retries what of a run failed or is in doubt, after saying what comes of it; leads to the run that does. */
export function RetryButton({ runId, counts, retries, left }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [opened, setOpened] = useState(false);
  const [failed, setFailed] = useState(left.failed > 0);
  // What may come twice is chosen, never assumed.
  const [doubt, setDoubt] = useState(false);
  const found = useQuery({ ...reasons(runId), enabled: opened && left.failed > 0 }).data ?? [];
  const some = retries.runs.length > 0;
  const known = leftOf(codesOf(found), some && !left.more ? left.codes : undefined);
  const [without, setWithout] = useState<number[]>([]);

  // A doubt has no code: the server takes some codes, or doubts too.
  const byCode = failed && without.length > 0;
  const codes = known.filter(({ code }) => !without.includes(code));
  const refused = byCode ? codes.reduce((sum, { count }) => sum + count, 0) : left.failed;
  const chosen = (failed ? refused : 0) + (doubt && !byCode ? left.in_doubt : 0);
  const retry = async () => {
    const run = byCode
      ? await retryRun(
          runId,
          ["failed"],
          codes.map(({ code }) => code),
        )
      : await retryRun(runId, [
          ...(failed ? (["failed"] as const) : []),
          ...(doubt ? (["in_doubt"] as const) : []),
        ]);
    void changed(queries, "reports", "mailings");
    await navigate({ to: "/reports/$runId", params: { runId: run }, search: {} });
    notify(t("reports.retry.started"));
  };
  const of = (what: "failed" | "doubt", count: number, total: number) =>
    count < total
      ? t(`reports.retry.${what}Left`, {
          count: total,
          number: format.number(count),
          total: format.number(total),
        })
      : t(`reports.retry.${what}`, { count, number: format.number(count) });
  return (
    <>
      <Button
        // That little is left cannot be known of very many; then it is no advice.
        variant={left.more && retries.taken >= left.failed + left.in_doubt ? "default" : "filled"}
        leftSection={<IconRepeat size={16} aria-hidden />}
        onClick={() => setOpened(true)}
      >
        {t("reports.retry.open")}
      </Button>
      <ConfirmDialog
        opened={opened}
        onClose={() => setOpened(false)}
        title={t("reports.retry.title")}
        act={t("reports.retry.act", { count: chosen, number: format.number(chosen) })}
        onConfirm={retry}
        disabled={chosen === 0}
        harmless
      >
        <Stack gap="md">
          <Text size="sm">
            {t("reports.retry.intro")}{" "}
            {some &&
              t("reports.retry.others", {
                runs: retries.runs.map(({ run_id }) => t("reports.run", { id: run_id })).join(", "),
              })}
          </Text>
          {left.failed > 0 && (
            <Checkbox
              checked={failed}
              onChange={(event) => setFailed(event.currentTarget.checked)}
              label={of("failed", left.failed, counts.failed)}
              description={t("reports.retry.failedText")}
            />
          )}
          {failed && known.length > 1 && <Codes known={known} without={without} onChange={setWithout} />}
          {left.in_doubt > 0 && (
            <Checkbox
              checked={doubt && !byCode}
              disabled={byCode}
              onChange={(event) => setDoubt(event.currentTarget.checked)}
              label={of("doubt", left.in_doubt, counts.in_doubt)}
              description={t(byCode ? "reports.retry.doubtApart" : "reports.retry.doubtText")}
            />
          )}
        </Stack>
      </ConfirmDialog>
    </>
  );
}

interface Code {
  /** 0: there was none. */
  code: number;
  /** How many mails it refused. */
  count: number;
  /** The most frequent of its reasons, for its words. */
  reason: Reason;
}

/** The reply codes that mails of a run were refused with, when each refusal is one or had none. */
function codesOf(found: Reason[]): Code[] {
  const refused = found.filter(({ state }) => state === "failed");
  if (refused.some(({ code }) => code !== 0 && (code < 400 || code > 599))) return [];
  const codes = new Map<number, Code>();
  for (const reason of refused) {
    const known = codes.get(reason.code);
    if (known) known.count += reason.count;
    else codes.set(reason.code, { code: reason.code, count: reason.count, reason });
  }
  return [...codes.values()];
}

/** Of the codes those that something is left of, with how much that is. */
function leftOf(known: Code[], left: Left["codes"] | undefined): Code[] {
  if (!left) return known;
  return known.flatMap((code) => {
    const count = left[code.code] ?? 0;
    return count > 0 ? [{ ...code, count }] : [];
  });
}

interface CodesProps {
  known: Code[];
  without: number[];
  onChange: (without: number[]) => void;
}

function Codes({ known, without, onChange }: CodesProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useSmtpWords();
  return (
    <Checkbox.Group
      label={t("reports.retry.codes")}
      value={known.map(({ code }) => String(code)).filter((code) => !without.includes(Number(code)))}
      onChange={(kept) =>
        onChange(known.map(({ code }) => code).filter((code) => !kept.includes(String(code))))
      }
      pl={32}
    >
      <Stack gap={6} mt={6}>
        {known.map(({ code, count, reason }) => (
          <Checkbox
            key={code}
            value={String(code)}
            size="xs"
            label={t("reports.retry.code", {
              code: code || t("reports.retry.noCode"),
              number: format.number(count),
              words: words({ outcome: "failed", code, enhanced: reason.enhanced, response: reason.text }),
            })}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
