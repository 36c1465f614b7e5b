import { useQuery } from "@tanstack/react-query";
import { report } from "@/api/queries/reports";
import type { Why } from "@/api/types";
import { ResolveButtons } from "./resolve-buttons";
import { useMayChange } from "./use-may-change";

/** Settles the doubt of the one delivery that is shown; nothing where there is none to settle. */
export function ResolveOne({ why }: { why: Why }) {
  const { delivery } = why;
  const run = useQuery({ ...report(why.run_id), enabled: delivery?.state === "in_doubt" });
  const mayChange = useMayChange(run.data);
  if (delivery?.state !== "in_doubt" || !mayChange) return null;
  return (
    <ResolveButtons runId={why.run_id} selected={{ all: false, ids: new Set([delivery.id]) }} count={1} />
  );
}
