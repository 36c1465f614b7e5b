import type { Report } from "@/api/types";
import { useMe } from "@/auth/use-session";

/** Whether the person may change what belongs to a run: its owner, and superusers. */
export function useMayChange(report: Pick<Report, "owner_id"> | undefined): boolean {
  const me = useMe();
  return !!me && !!report && (me.is_superuser || me.id === report.owner_id);
}
