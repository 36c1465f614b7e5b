import { useTranslation } from "react-i18next";
import type { Attempt } from "@/api/types";
import { sentence } from "@/format/sentence";
import type { Resources } from "@/i18n/resources";

type Note = keyof Resources["smtp"]["notes"];

/** The beginnings of what Postrider itself notes where no server answered; those with a colon go on with a detail. */
const NOTES: [string, Note][] = [
  ["no answer after the mail was sent: ", "noAnswer"],
  ["the answer was lost: the sending process ended", "processEnded"],
  ["the server closed the connection", "closed"],
  ["the server did not answer in time", "timeout"],
  ["the connection broke: ", "broke"],
  ["the server does not speak SMTP", "noSmtp"],
  ["stopped before ", "stopped"],
  ["the transport is closed", "stopped"],
  ["the server offers no STARTTLS", "noTls"],
  ["the connection is not protected", "unprotected"],
  ["the server offers none of the login mechanisms", "noLogin"],
  ["not sent: the address has non-ASCII letters", "noUtf8"],
  ["not sent: the mail is 8-bit", "no8bit"],
  ["not sent: the mail has ", "tooLarge"],
  ["not sent: the recipient's address ", "badRecipient"],
  ["not sent: the sender's address ", "badSender"],
  ["not sent: ", "notSent"],
  ["TLS: ", "tls"],
  ["unprotected data behind", "unprotectedData"],
  ["the server's CRAM-MD5 challenge", "badChallenge"],
];

/** What the machine says of a connection that did not come about. */
const UNCONNECTED: [string, Note][] = [
  ["no mail server is at ", "forbidden"],
  ["connection refused", "refused"],
  ["no such host", "noHost"],
  ["no route to host", "noRoute"],
  ["network is unreachable", "noRoute"],
  ["i/o timeout", "timeout"],
];

type Answer = Pick<Attempt, "code" | "enhanced" | "response">;

/** What came back: the server's words as they are, or what we note ourselves where it said none, in the reader's language. */
export function useAnswers(): (answer: Answer) => { text: string; ours: boolean } {
  const { t } = useTranslation();
  const noted = (response: string): string => {
    if (response.startsWith("dial ")) {
      const [, known] = UNCONNECTED.find(([words]) => response.includes(words)) ?? [];
      return known ? t(`smtp.notes.${known}`) : `${t("smtp.notes.unconnected")}: ${response}`;
    }
    const [begin, note] = NOTES.find(([begin]) => response.startsWith(begin)) ?? [];
    if (!begin || !note) return response;
    const detail = begin.endsWith(": ") ? noted(response.slice(begin.length)) : "";
    return [t(`smtp.notes.${note}`), detail].filter(Boolean).join(": ");
  };
  return ({ code, enhanced, response }) =>
    code === 0
      ? { text: sentence(noted(response)), ours: true }
      : { text: [code, enhanced, response].filter(Boolean).join(" "), ours: false };
}
