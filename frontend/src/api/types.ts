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
type PatchBody<Path extends keyof paths> = paths[Path] extends {
  patch: { requestBody?: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;
type PostAnswer<Path extends keyof paths> = paths[Path] extends {
  post: { responses: { 200: infer Answer } };
}
  ? Json<Answer>
  : never;

export type { paths };
export type User = Get<"/me">;
export type Quotas = Get<"/me/quotas">;
export type Confirmation = PostAnswer<"/auth/confirm">;
export type HomeFigures = Get<"/public/home">;
export type MailingPage = Get<"/mailings">;
export type Mailing = MailingPage["items"][number];
export type Registration = PostBody<"/auth/register">;

export type Client = Get<"/clients/{id}">;
export type ClientInput = PostBody<"/clients">;
export type ClientDelivery = Get<"/clients/{id}/deliveries">["items"][number];
export type BulkChange = PostBody<"/clients/bulk">;
export type Message = Get<"/messages/{id}">;
export type MessageInput = PostBody<"/messages">;
export type DraftPreview = PostBody<"/messages/preview">;
export type Preview = PostAnswer<"/messages/preview">;
export type TestMail = Get<"/test-mails/{id}">;
export type Suppression = Get<"/suppressions">["items"][number];
export type Delivery = Get<"/reports/{run_id}/deliveries">["items"][number];
export type Report = Get<"/reports/{run_id}">;
export type Why = Get<"/reports/{run_id}/clients/{client_id}">;
export type Attempt = Why["attempts"][number];
export type Reason = Get<"/reports/{run_id}/reasons">["items"][number];
export type Timeline = Get<"/reports/{run_id}/timeline">;
export type Summary = Get<"/reports/summary">;

export type MailingInput = PostBody<"/mailings">;
/** What a change of a mailing names; what it leaves out stays. */
export type MailingChange = Partial<PatchBody<"/mailings/{id}">>;
export type Audience = Mailing["audience"];
export type AudienceCount = PostAnswer<"/mailings/audience">;
export type Occurrence = PostAnswer<"/mailings/occurrences">["items"][number];
export type TransportList = Get<"/transports">;
export type Transport = TransportList["items"][number];

/** How a mailing repeats. */
export type Repeat = NonNullable<MailingInput["repeat"]>;

export type MailingStatus = Mailing["status"];
export type RunStatus = Report["status"];
export type DeliveryState = Delivery["state"];
export type ClientStatus = Client["status"];
export type SuppressionReason = Suppression["reason"];

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

/** The statuses of a run, in the order of its life. */
export const RUN_STATUSES = [
  "planned",
  "running",
  "pausing",
  "paused",
  "cancelling",
  "cancelled",
  "finished",
  "missed",
] as const satisfies readonly RunStatus[];

/** Whether a run has ended. */
export const isOver = (status: RunStatus) =>
  status === "finished" || status === "cancelled" || status === "missed";

/** Whether a run stands still until something comes; one that keeps to its rate goes on. */
export const isWaiting = ({ status, reason }: { status: RunStatus; reason: string }) =>
  status !== "running" || (reason !== "" && reason !== "rate");

/** The states of a delivery: how it can end, in the order a person asks for them, then how it can be open. */
export const ENDS = [
  "sent",
  "failed",
  "in_doubt",
  "skipped",
  "expired",
  "cancelled",
] as const satisfies readonly DeliveryState[];
export const OPEN = ["deferred", "sending", "pending"] as const satisfies readonly DeliveryState[];
export const DELIVERY_STATES: readonly DeliveryState[] = [...ENDS, ...OPEN];

/** The states of a client; all but the first are reasons why nothing is sent to them. */
export const CLIENT_STATUSES = [
  "active",
  "unsubscribed",
  "bounced",
  "complained",
  "blocked",
] as const satisfies readonly ClientStatus[];

export const SUPPRESSION_REASONS = [
  "unsubscribed",
  "bounced",
  "complained",
  "blocked",
] as const satisfies readonly SuppressionReason[];

export type Group = Get<"/groups/{id}">;
/** A transport as superusers see it. */
export type TransportSettings = Required<Get<"/transports/{id}">>;
export type TransportInput = PostBody<"/transports">;
export type TransportCheck = PostAnswer<"/transports/{id}/check">;
export type TransportState = TransportSettings["state"] | "disabled";
export type SystemState = Get<"/system">;
export type SignIn = Get<"/me/sessions">["items"][number];
export type CapturedMail = Get<"/inbox">["items"][number];
export type CapturedContent = Get<"/inbox/{id}">;

/** One line of the audit log. */
export type AuditEvent = Get<"/audit/{id}">;
export type AuditAction = AuditEvent["action"];
const auditActions: Record<AuditAction, true> = {
  "auth.signed_in": true,
  "auth.sign_in_failed": true,
  "auth.signed_out": true,
  "auth.signed_out_everywhere": true,
  "auth.token_reused": true,
  "auth.registered": true,
  "auth.email_confirmed": true,
  "auth.password_changed": true,
  "auth.password_wrong": true,
  "auth.password_reset_asked": true,
  "auth.password_reset": true,
  "auth.key_refused": true,
  "auth.denied": true,
  "user.created": true,
  "user.changed": true,
  "user.blocked": true,
  "user.unblocked": true,
  "user.deleted": true,
  "group.created": true,
  "group.changed": true,
  "group.deleted": true,
  "api_key.created": true,
  "api_key.revoked": true,
  "transport.created": true,
  "transport.changed": true,
  "transport.deleted": true,
  "mailing.scheduled": true,
  "mailing.unscheduled": true,
  "mailing.started": true,
  "mailing.paused": true,
  "mailing.resumed": true,
  "mailing.cancelled": true,
  "mailing.stopped": true,
  "mailing.retried": true,
  "mailing.doubts_resolved": true,
  "mailing.deleted": true,
  "client.erased": true,
  "data.exported": true,
  "audit.left_out": true,
};
/** What the audit log records, in the order it is offered; one that is missing does not compile. */
export const AUDIT_ACTIONS = Object.keys(auditActions) as AuditAction[];

export type ApiKey = Get<"/api-keys">["items"][number];
export type ApiKeyInput = PostBody<"/api-keys">;
export type NewApiKey = Json<paths["/api-keys"]["post"]["responses"][201]>;

/** What an API key may do, in the order it is shown. */
export const SCOPES = [
  "clients:read",
  "clients:write",
  "suppressions:read",
  "suppressions:write",
  "messages:read",
  "messages:write",
  "mailings:read",
  "mailings:write",
  "mailings:send",
  "reports:read",
  "reports:write",
  "system:read",
] as const satisfies readonly ApiKey["scopes"][number][];
export type Scope = (typeof SCOPES)[number];
