import { sentence } from "@/format/sentence";

/** One wrong field of a request as the server names it; nested ones are dotted from the body's root. */
export interface FieldFailure {
  field: string;
  code: string;
  message: string;
}

interface Problem {
  title?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldFailure[];
}

/**
 * What every call of the API rejects with, whatever went wrong: an answer that is not a success (RFC 9457
 * problem+json when Postrider wrote it, anything when a proxy did), or no answer at all (status 0). What is no answer of
 * Postrider, whatever status it came with, counts as none.
 */
export class Failure extends Error {
  /** HTTP status; 0 when no answer came, or none of Postrider's. */
  readonly status: number;
  /** Something else answered in Postrider's place: a proxy, or the sign-in page of a network. */
  readonly isForeign: boolean;
  /** A sentence of the server in the language of the request; empty when there is none. */
  readonly detail: string;
  readonly fields: FieldFailure[];
  readonly requestId: string;
  /** Seconds to wait before another try, when the server said so. */
  readonly retryAfter: number | undefined;

  constructor(init: {
    status: number;
    detail?: string;
    fields?: FieldFailure[];
    requestId?: string;
    retryAfter?: number | undefined;
    isForeign?: boolean;
    cause?: unknown;
  }) {
    super(init.detail || (init.status === 0 ? "no answer" : `answer ${init.status}`), { cause: init.cause });
    this.name = "Failure";
    this.status = init.status;
    this.isForeign = init.isForeign ?? false;
    this.detail = init.detail ?? "";
    this.fields = init.fields ?? [];
    this.requestId = init.requestId ?? "";
    this.retryAfter = init.retryAfter;
  }

  /** No answer came: the connection is down, or the server is. */
  get isNetwork(): boolean {
    return this.status === 0;
  }

  /** Trying the same again may help without anybody changing anything. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A part of the interface itself could not be fetched. A browser may remember that for as long as the page stands. */
export class MissingPart extends Failure {
  constructor(cause: unknown) {
    super({ status: 0, cause });
  }
}

/** Of a dynamic import, so that its failure is told as what it is. */
export const part = <T>(load: Promise<T>): Promise<T> =>
  load.catch((cause) => {
    throw new MissingPart(cause);
  });

/** Whether something else than Postrider wrote an answer: all that Postrider says is JSON, or nothing. */
export function isForeign({ headers }: Response): boolean {
  const type = headers.get("Content-Type");
  return type !== null && !type.includes("json");
}

/** What a proxy says of the request or of Postrider, and is as good as if Postrider had said it. */
const meant = (status: number) => status === 413 || status === 429 || status >= 500;

/** Reads an answer that is not a success. Never rejects: an unreadable body leaves only the status. */
export async function failureOf(response: Response): Promise<Failure> {
  const foreign = isForeign(response);
  if (foreign && !meant(response.status)) return new Failure({ status: 0, isForeign: true });
  const problem: Problem = foreign ? {} : await response.json().catch(() => ({}));
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new Failure({
    status: response.status,
    isForeign: foreign,
    detail: problem.detail || problem.title || "",
    // As sentences: some begin as a part of one.
    fields: (problem.errors ?? []).map((field) => ({ ...field, message: sentence(field.message) })),
    requestId: problem.request_id ?? response.headers.get("X-Request-ID") ?? "",
    retryAfter: Number.isNaN(wait) ? undefined : wait,
  });
}
