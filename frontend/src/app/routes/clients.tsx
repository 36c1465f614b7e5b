import { createRoute } from "@tanstack/react-router";
import type { ClientSort } from "@/api/queries/clients";
import type { SuppressionSort } from "@/api/queries/suppressions";
import { CLIENT_STATUSES, type ClientStatus, SUPPRESSION_REASONS, type SuppressionReason } from "@/api/types";
import { page, signedIn } from "./base";
import { id, oneOf, ownerOf, text } from "./search";

interface ClientsSearch {
  q?: string | undefined;
  tag?: string | undefined;
  status?: ClientStatus | undefined;
  /** Everyone's or one user's, for those who may see them. */
  owner?: "all" | number | undefined;
  sort?: ClientSort | undefined;
  /** The client that is open beside the list. */
  open?: number | "new" | undefined;
  edit?: boolean | undefined;
}

const clientSorts: ClientSort[] = [
  "email",
  "-email",
  "full_name",
  "-full_name",
  "created_at",
  "-created_at",
  "updated_at",
  "-updated_at",
];

const clients = createRoute({
  getParentRoute: () => signedIn,
  path: "/clients",
  validateSearch: (search: Record<string, unknown>): ClientsSearch => ({
    q: text(search.q),
    tag: text(search.tag),
    status: oneOf(CLIENT_STATUSES, search.status),
    owner: ownerOf(search.owner),
    sort: oneOf(clientSorts, search.sort),
    open: search.open === "new" ? "new" : id(search.open),
    edit: search.edit === true || undefined,
  }),
  component: page(() => import("@/features/clients/clients-page"), "ClientsPage"),
});

interface SuppressionsSearch {
  q?: string | undefined;
  reason?: SuppressionReason | undefined;
  /** Everyone's or one user's, for those who may see them. */
  owner?: "all" | number | undefined;
  sort?: SuppressionSort | undefined;
  add?: boolean | undefined;
}

const suppressionSorts: SuppressionSort[] = ["email", "-email", "created_at", "-created_at"];

const suppressions = createRoute({
  getParentRoute: () => signedIn,
  path: "/suppressions",
  validateSearch: (search: Record<string, unknown>): SuppressionsSearch => ({
    q: text(search.q),
    reason: oneOf(SUPPRESSION_REASONS, search.reason),
    owner: ownerOf(search.owner),
    sort: oneOf(suppressionSorts, search.sort),
    add: search.add === true || undefined,
  }),
  component: page(() => import("@/features/suppressions/suppressions-page"), "SuppressionsPage"),
});

export const clientRoutes = [clients, suppressions] as const;
