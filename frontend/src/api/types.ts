/**
 * The nouns of the API as this interface names them. Everything else imports them from here and never from
 * schema.gen.ts: they are taken from the paths, which are promised, not from the generated schemas' names.
 */
import type { paths } from "./schema.gen";

type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : never;
type Get<Path extends keyof paths> = paths[Path] extends { get: { responses: { 200: infer Answer } } }
  ? Json<Answer>
  : never;
type PostBody<Path extends keyof paths> = paths[Path] extends {
  post: { requestBody?: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

export type { paths };
export type User = Get<"/me">;
export type HomeFigures = Get<"/public/home">;
export type MailingPage = Get<"/mailings">;
export type Mailing = MailingPage["items"][number];
export type Registration = PostBody<"/auth/register">;

export type MailingStatus = Mailing["status"];
export type DeliveryState = Get<"/reports/{run_id}/deliveries">["items"][number]["state"];

/** The states a mailing can be in, in the order of its life; the filter of the list offers them so. */
export const MAILING_STATUSES = [
  "draft",
  "scheduled",
  "running",
  "pausing",
  "paused",
  "cancelling",
  "finished",
  "cancelled",
] as const satisfies readonly MailingStatus[];
