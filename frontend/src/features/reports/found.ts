import { Failure } from "@/api/failure";

/** What is not there, or is somebody else's, is shown as any page that does not exist. */
export function foundOr404(error: unknown, route: { notFound: () => unknown }): void {
  if (error instanceof Failure && error.status === 404) throw route.notFound();
}
