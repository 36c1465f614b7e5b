import { useTranslation } from "react-i18next";
import type { Attempt } from "@/api/types";
import type { Resources } from "@/i18n/resources";

type Word = keyof Resources["smtp"]["words"];

/** Status codes without their class (RFC 3463, and the registry of RFC 5248): what each says of a mail that was not taken. */
const ENHANCED: Record<string, Word> = {
  "1.1": "mailboxUnknown",
  "1.2": "domainUnknown",
  "1.3": "addressBad",
  "1.6": "moved",
  "1.7": "senderBad",
  "1.8": "senderBad",
  "1.10": "domainUnknown",
  "2.1": "disabled",
  "2.2": "full",
  "2.3": "tooLarge",
  "3.1": "systemFull",
  "3.2": "systemDown",
  "3.4": "serverTooLarge",
  "4.1": "unreachable",
  "4.2": "unreachable",
  "4.4": "route",
  "4.5": "busy",
  "4.7": "expired",
  "7.1": "policy",
  "7.8": "loginNeeded",
  "7.10": "tls",
  "7.20": "dkim",
  "7.21": "dkim",
  "7.22": "dkim",
  "7.23": "spf",
  "7.24": "spf",
  "7.25": "reverse",
  "7.26": "dmarc",
  "7.27": "senderBad",
  "7.28": "rate",
};

/** What the subject of a status code says where its detail is not known. */
const SUBJECTS: Record<string, Word> = { "5": "protocol", "6": "content", "7": "policy" };

/** Reply codes of servers that send no status codes (RFC 5321 §4.2.3). */
const CODES: Record<number, Word> = {
  421: "systemDown",
  452: "systemFull",
  530: "loginNeeded",
  535: "loginNeeded",
  551: "moved",
  552: "full",
  553: "addressBad",
};

/** How the API tells that no answer came to a mail that had left. */
const DOUBT = /^(no answer after the mail was sent|the answer was lost)/;

type Answer = Pick<Attempt, "outcome" | "code" | "enhanced" | "response">;

/** The key of the words for an answer. */
export function wordOf({ outcome, code, enhanced, response }: Answer): Word {
  if (outcome === "sent" || (code >= 200 && code < 300)) return "taken";
  if (outcome === "in_doubt") return "lost";
  if (code < 400 && outcome === "aborted") return "aborted";
  // Without a reply failed what we did not send, and the doubts that somebody settled so.
  if (code < 400) return DOUBT.test(response) ? "settled" : "notSent";
  if (code < 500 && /gr[ea]y-?list/i.test(response)) return "greylisted";
  const [, subject = "", detail = ""] = enhanced.split(".");
  const word = ENHANCED[`${subject}.${detail}`] ?? SUBJECTS[subject] ?? CODES[code];
  if (word) return word;
  if (code === 550 && /unknown|no such|not exist|not found/i.test(response)) return "mailboxUnknown";
  return code < 500 ? "later" : "refused";
}

/** What an answer means, for people who read no SMTP. */
export function useSmtpWords(): (answer: Answer) => string {
  const { t } = useTranslation();
  return (answer) => t(`smtp.words.${wordOf(answer)}`);
}
