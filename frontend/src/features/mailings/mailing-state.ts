import type { Mailing, MailingStatus } from "@/api/types";

/** Whether a run of the mailing has started and not ended. */
export function isLive(status: MailingStatus): boolean {
  return status === "running" || status === "pausing" || status === "paused" || status === "cancelling";
}

/** What a person may ask of a mailing that is theirs. */
export type Ask =
  | "edit"
  | "start"
  | "schedule"
  | "unschedule"
  | "pause"
  | "resume"
  | "cancel"
  | "test"
  | "duplicate"
  | "delete";

/** What each status allows, the most likely wish first: that one is the page's primary button. */
const asks: Record<MailingStatus, readonly Ask[]> = {
  draft: ["start", "edit", "test", "duplicate", "delete"],
  scheduled: ["edit", "start", "unschedule", "cancel", "test", "duplicate", "delete"],
  running: ["pause", "cancel", "test", "duplicate"],
  pausing: ["cancel", "test", "duplicate"],
  paused: ["resume", "cancel", "test", "duplicate"],
  cancelling: ["duplicate"],
  finished: ["duplicate", "start", "test", "delete"],
  cancelled: ["duplicate", "start", "test", "delete"],
};

/** A draft whose time lies ahead, or that repeats, is scheduled rather than started. */
export function asksOf({ status, start_at, repeat }: Mailing, now = Date.now()): readonly Ask[] {
  const later = repeat !== null || (start_at !== null && Date.parse(start_at) > now);
  if (status !== "draft" || !later) return asks[status];
  return asks.draft.map((ask) => (ask === "start" ? "schedule" : ask));
}
