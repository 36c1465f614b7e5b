import type { Attempt } from "@/api/types";

/** What the server's answer was, as SMTP sorts it: positive, temporary, permanent, or none. */
export type Reply = "good" | "later" | "bad" | "none";

export function replyOf({ outcome, code }: Pick<Attempt, "outcome" | "code">): Reply {
  if (outcome === "in_doubt") return "none";
  if (code >= 500) return "bad";
  if (code >= 400) return "later";
  return code >= 200 ? "good" : "none";
}
