import { Failure } from "./failure";

/** A resource together with the ETag it was read with: what a change of it names in If-Match. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

/** Reads the answer of a call for one resource. */
export function versioned<T>({ data, response }: { data?: T | undefined; response: Response }): Versioned<T> {
  if (data === undefined) throw new Failure({ status: 0 });
  return { value: data, etag: response.headers.get("ETag") ?? "" };
}

/** The header of a PATCH or DELETE that must not undo somebody else's change; without an ETag it overwrites. */
export function ifMatch(etag: string | undefined) {
  return { header: etag ? { "If-Match": etag } : {} };
}

/** Whether a change was refused because the resource has been changed since it was read. */
export function isStale(error: unknown): error is Failure {
  return error instanceof Failure && error.status === 412;
}
