import { Failure } from "@/api/failure";

export const isGone = (error: unknown): boolean => error instanceof Failure && error.status === 404;

/** What is not there, or is somebody else's, is shown as any page that does not exist. */
export function foundOr404(error: unknown, route: { notFound: () => unknown }): void {
  if (isGone(error)) throw route.notFound();
}
