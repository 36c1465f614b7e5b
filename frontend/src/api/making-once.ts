import { isForeign } from "./failure";

type Fetch = (request: Request) => Promise<Response>;

/** The calls that make something and take an Idempotency-Key; docs/operations.md names them. */
const MAKES = new RegExp(
  `/api/v1/(?:${[
    "clients",
    "suppressions",
    "messages(?:/\\d+/test)?",
    "mailings(?:/\\d+/(?:start|duplicate|test))?",
    "reports/\\d+/retry",
    "groups",
    "transports",
  ].join("|")})$`,
);
/** POSTs that change nothing. */
const LOOKS = /\/(?:audience|occurrences|preview|check|downloads)$/;

interface Attempt {
  key: string;
  /** How many calls with the key are under way. */
  calls: number;
}

/**
 * A fetch that makes nothing twice when an answer is lost: whoever asks for the same again is answered what the first
 * call was. Each call that makes something carries an Idempotency-Key, which stays the same for the same content until
 * the server has said what became of it. After any change that was made, and after a refusal, the same content is
 * something new.
 */
export function makingOnce(fetch: Fetch): Fetch {
  const attempts = new Map<string, Attempt>();
  const forget = () => {
    for (const [content, { calls }] of attempts) if (calls === 0) attempts.delete(content);
  };

  const make = async (request: Request, pathname: string, search: string) => {
    const content = `${pathname}${search} ${await request.clone().text()}`;
    const known = attempts.get(content);
    const attempt = known ?? { key: newKey(), calls: 0 };
    attempts.set(content, attempt);
    attempt.calls++;
    try {
      request.headers.set("Idempotency-Key", attempt.key);
      const answer = await fetch(request);
      if (isFinal(answer, known !== undefined) && attempts.get(content) === attempt) attempts.delete(content);
      return answer;
    } finally {
      attempt.calls--;
    }
  };

  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const makes = request.method === "POST" && MAKES.test(pathname);
    const answer = makes ? await make(request, pathname, search) : await fetch(request);
    const changes = request.method !== "GET" && !LOOKS.test(pathname);
    if (answer.ok && !isForeign(answer) && changes) forget();
    return answer;
  };
}

/** Whether an answer says what became of a call. */
function isFinal(answer: Response, again: boolean): boolean {
  const { status, headers } = answer;
  if (isForeign(answer)) return false;
  // The first call with the key may still be under way, unless this is its answer.
  if (status === 409) return !again || headers.has("Idempotency-Replayed");
  return status < 500 && status !== 429 && status !== 401;
}

/** Not crypto.randomUUID, which pages without TLS have not. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
