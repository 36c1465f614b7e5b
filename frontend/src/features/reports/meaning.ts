import type { Attempt, DeliveryState } from "@/api/types";

/** The colours of bars, by what became of a mail; those of StateBadge where it has a colour. */
export const COLOURS: Record<DeliveryState, "teal" | "red" | "grape" | "yellow" | "indigo" | "gray"> = {
  sent: "teal",
  failed: "red",
  in_doubt: "grape",
  deferred: "yellow",
  sending: "indigo",
  pending: "gray",
  skipped: "gray",
  expired: "gray",
  cancelled: "gray",
};

/** What the server's answer was, as SMTP sorts it: positive, temporary, permanent, or none. */
export type Reply = "good" | "later" | "bad" | "none";

export function replyOf({ outcome, code }: Pick<Attempt, "outcome" | "code">): Reply {
  if (outcome === "in_doubt") return "none";
  if (code >= 500) return "bad";
  if (code >= 400) return "later";
  return code >= 200 ? "good" : "none";
}
