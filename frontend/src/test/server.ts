import { HttpResponse, http, type JsonBodyType } from "msw";
import { setupServer } from "msw/node";
import type { Client, HomeFigures, Mailing, MailingPage, Report, Summary, User } from "@/api/types";

/** The address of a call as the interface makes it. */
export const at = (path: string) => `${window.location.origin}/api/v1${path}`;

export const problem = (status: number, more: Record<string, JsonBodyType> = {}) =>
  HttpResponse.json(
    { type: "/problems/test", title: "", status, request_id: "req-1", ...more },
    { status, headers: { "Content-Type": "application/problem+json" } },
  );

export const tokens = (access_token: string) => ({ access_token, token_type: "Bearer", expires_in: 900 });

export const anna: User = {
  id: 7,
  email: "anna@example.com",
  full_name: "Anna",
  locale: "en",
  timezone: "Europe/Moscow",
  is_active: true,
  is_staff: false,
  is_superuser: false,
  groups: [],
  permissions: [],
  created_at: "2026-10-01T12:00:00Z",
  updated_at: "2026-10-01T12:00:00Z",
  quota_clients: null,
  quota_mails_per_day: null,
  last_login_at: null,
};

export const aMailing = (more: Partial<Mailing> = {}): Mailing => ({
  id: 1,
  owner_id: anna.id,
  name: "Weekly letter",
  message_id: 1,
  audience: { all: true, client_ids: [], tags: [], exclude_tags: [], exclude_client_ids: [] },
  start_at: null,
  timezone: "Europe/Moscow",
  draft: false,
  end_at: null,
  window: null,
  from_name: "",
  from_email: "",
  reply_to: "",
  transport_id: null,
  rate_per_minute: null,
  late_policy: "send",
  late_grace_minutes: 1440,
  in_doubt_policy: "hold",
  track_opens: false,
  track_clicks: false,
  reason: "",
  run_minutes: null,
  repeat: null,
  status: "draft",
  next_run_at: null,
  last_run_id: null,
  created_at: "2026-11-01T12:00:00Z",
  updated_at: "2026-11-01T12:00:00Z",
  ...more,
});

export const aClient = (more: Partial<Client> = {}): Client => ({
  id: 17,
  owner_id: anna.id,
  email: "boris@example.com",
  full_name: "Boris",
  comment: "",
  tags: [],
  attributes: {},
  locale: "",
  timezone: "",
  status: "active",
  created_at: "2026-11-01T12:00:00Z",
  updated_at: "2026-11-01T12:00:00Z",
  ...more,
});

/** An answer with one resource and its version. */
export const versionedJson = (body: JsonBodyType, etag: string, status = 200) =>
  HttpResponse.json(body, { status, headers: { ETag: etag } });

export const noCounts: Report["counts"] = {
  planned: 0,
  pending: 0,
  sending: 0,
  deferred: 0,
  sent: 0,
  failed: 0,
  skipped: 0,
  in_doubt: 0,
  expired: 0,
  cancelled: 0,
};

export const aReport = (more: Partial<Report> = {}): Report => ({
  run_id: 40,
  mailing_id: 1,
  mailing_name: "Weekly letter",
  owner_id: anna.id,
  status: "finished",
  planned_at: "2026-11-20T06:00:00Z",
  started_at: "2026-11-20T06:00:00Z",
  finished_at: "2026-11-20T06:01:40Z",
  reason: "",
  parent_run_id: null,
  counts: noCounts,
  rate_per_second: 0,
  ...more,
});

const noMailings: MailingPage = { items: [], next_cursor: null };
const noSummary: Summary = { days: [], running: [], next: [], attention: [] };
const figures: HomeFigures = { mailings: 0, active_mailings: 0, clients: 0 };

/** A server where Anna can sign in and has nothing yet; a test says what differs. */
export const server = setupServer(
  http.post(at("/auth/login"), () => HttpResponse.json(tokens("first"))),
  http.post(at("/auth/refresh"), () => problem(401)),
  http.post(at("/auth/logout"), () => new HttpResponse(null, { status: 204 })),
  http.get(at("/me"), () => HttpResponse.json(anna)),
  // A stream that says nothing, and stays.
  http.get(
    at("/events"),
    () => new HttpResponse(new ReadableStream(), { headers: { "Content-Type": "text/event-stream" } }),
  ),
  http.get(at("/public/home"), () => HttpResponse.json(figures)),
  http.get(at("/mailings"), () => HttpResponse.json(noMailings)),
  http.get(at("/clients"), () => HttpResponse.json({ items: [], next_cursor: null, total: 0 })),
  http.get(at("/clients/tags"), () => HttpResponse.json({ items: [] })),
  http.get(at("/inbox"), () => problem(404)),
  http.get(at("/suppressions"), () => HttpResponse.json({ items: [], next_cursor: null })),
  http.get(at("/messages"), () => HttpResponse.json({ items: [], next_cursor: null })),
  http.get(at("/transports"), () => HttpResponse.json({ items: [], next_cursor: null })),
  http.get(at("/reports"), () => HttpResponse.json({ items: [], next_cursor: null })),
  http.get(at("/reports/summary"), () => HttpResponse.json(noSummary)),
  http.get(at("/events"), () => problem(404)),
);
