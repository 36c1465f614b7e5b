import { expect, test } from "vitest";
import { replyOf } from "./meaning";
import { wordOf } from "./smtp-words";

const answer = (
  outcome: "sent" | "deferred" | "failed" | "in_doubt" | "aborted",
  code = 0,
  enhanced = "",
) => ({
  outcome,
  code,
  enhanced,
  response: "",
});

test.each([
  [answer("sent", 250, "2.0.0"), "taken"],
  [answer("failed", 550, "5.1.1"), "mailboxUnknown"],
  [answer("failed", 556, "5.1.10"), "domainUnknown"],
  [answer("deferred", 452, "4.2.2"), "full"],
  [answer("failed", 550, "5.7.99"), "policy"],
  [answer("deferred", 451, "4.7.1"), "policy"],
  [{ ...answer("deferred", 451, "4.7.1"), response: "Greylisted, come back" }, "greylisted"],
  [{ ...answer("failed", 550), response: "User unknown" }, "mailboxUnknown"],
  [answer("failed", 550), "refused"],
  [answer("deferred", 450), "later"],
  [answer("deferred", 421), "systemDown"],
  [answer("in_doubt"), "lost"],
  // What we did not hand over has no lost answer.
  [answer("failed"), "notSent"],
  [{ ...answer("failed"), response: "not sent: the server has no SMTPUTF8 (RFC 6531)" }, "notSent"],
  // A doubt that somebody settled as not delivered keeps its words.
  [
    { ...answer("failed"), response: "no answer after the mail was sent: the server closed the connection" },
    "settled",
  ],
  [{ ...answer("failed"), response: "the answer was lost: the sending process ended before" }, "settled"],
  [answer("aborted"), "aborted"],
  // Trouble of the whole server is an attempt that was broken off, with its answer.
  [answer("aborted", 535, "5.7.8"), "loginNeeded"],
])("%o is said as %s", (of, word) => {
  expect(wordOf(of)).toBe(word);
});

test("an answer has the colour of its first digit, and a doubt has none", () => {
  expect([250, 451, 550, 0].map((code) => replyOf({ outcome: "failed", code }))).toEqual([
    "good",
    "later",
    "bad",
    "none",
  ]);
  expect(replyOf({ outcome: "in_doubt", code: 354 })).toBe("none");
});
