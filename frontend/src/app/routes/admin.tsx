import { createRoute } from "@tanstack/react-router";
import type { UserSort } from "@/api/queries/users";
import { AUDIT_ACTIONS, type AuditAction } from "@/api/types";
import { needs, page, signedIn } from "./base";
import { day, id, oneOf, text } from "./search";

const userSorts: UserSort[] = ["email", "-email", "full_name", "-full_name", "created_at", "-created_at"];

interface UsersSearch {
  q?: string | undefined;
  state?: "active" | "blocked" | undefined;
  role?: "superuser" | "staff" | "plain" | undefined;
  group?: string | undefined;
  sort?: UserSort | undefined;
  /** The account that is open beside the list. */
  open?: number | undefined;
}

const users = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/users",
  beforeLoad: needs("users.view_all"),
  validateSearch: (search: Record<string, unknown>): UsersSearch => ({
    q: text(search.q),
    state: oneOf(["active", "blocked"], search.state),
    role: oneOf(["superuser", "staff", "plain"], search.role),
    group: text(search.group),
    sort: oneOf(userSorts, search.sort),
    open: id(search.open),
  }),
  component: page(() => import("@/features/users/users-page"), "UsersPage"),
});

const groups = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/groups",
  beforeLoad: needs("superuser"),
  component: page(() => import("@/features/groups/groups-page"), "GroupsPage"),
});

interface TransportsSearch {
  open?: number | "new" | undefined;
}

const transports = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/transports",
  beforeLoad: needs("superuser"),
  validateSearch: (search: Record<string, unknown>): TransportsSearch => ({
    open: search.open === "new" ? "new" : id(search.open),
  }),
  component: page(() => import("@/features/transports/transports-page"), "TransportsPage"),
});

const system = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/system",
  beforeLoad: needs("superuser"),
  component: page(() => import("@/features/system/system-page"), "SystemPage"),
});

interface AuditSearch {
  q?: string | undefined;
  action?: AuditAction | undefined;
  /** Done by this account. */
  actor_id?: number | undefined;
  /** Done to this: "mailing" or "mailing:12". */
  object?: string | undefined;
  /** Days of the person's zone, both included. */
  from?: string | undefined;
  to?: string | undefined;
  open?: number | undefined;
}

const audit = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/audit",
  beforeLoad: needs("superuser"),
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    q: text(search.q),
    action: oneOf(AUDIT_ACTIONS, search.action),
    actor_id: id(search.actor_id),
    object: /^[a-z_]+(:[1-9]\d*)?$/.test(text(search.object) ?? "") ? text(search.object) : undefined,
    from: day(search.from),
    to: day(search.to),
    open: id(search.open),
  }),
  component: page(() => import("@/features/audit/audit-page"), "AuditPage"),
});

interface InboxSearch {
  q?: string | undefined;
  to?: string | undefined;
  open?: number | undefined;
  part?: "text" | "headers" | "source" | undefined;
}

const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: "/inbox",
  validateSearch: (search: Record<string, unknown>): InboxSearch => ({
    q: text(search.q),
    to: text(search.to),
    open: id(search.open),
    part: oneOf(["text", "headers", "source"], search.part),
  }),
  component: page(() => import("@/features/inbox/inbox-page"), "InboxPage"),
});

export const adminRoutes = [users, groups, transports, audit, system, inbox] as const;
