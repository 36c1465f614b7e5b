import { createRoute } from "@tanstack/react-router";
import { DELIVERY_STATES, type DeliveryState, RUN_STATUSES, type RunStatus } from "@/api/types";
import { NotFoundPage } from "../fallbacks";
import { idParam, page, signedIn } from "./base";
import { day, id, oneOf, ownerOf, text } from "./search";

const dashboard = createRoute({
  getParentRoute: () => signedIn,
  path: "/dashboard",
  component: page(() => import("@/features/dashboard/dashboard-page"), "DashboardPage"),
});

interface ReportsSearch {
  mailing_id?: number | undefined;
  status?: RunStatus | undefined;
  /** Days of the person's zone, both included: "2026-12-01". */
  from?: string | undefined;
  to?: string | undefined;
  /** Everyone's, for those who may see them; else one's own. */
  owner?: "all" | number | undefined;
  sort?: "planned_at" | "-planned_at" | undefined;
}

const reports = createRoute({
  getParentRoute: () => signedIn,
  path: "/reports",
  validateSearch: (search: Record<string, unknown>): ReportsSearch => ({
    mailing_id: id(search.mailing_id),
    status: oneOf(RUN_STATUSES, search.status),
    from: day(search.from),
    to: day(search.to),
    owner: ownerOf(search.owner),
    sort: oneOf(["planned_at", "-planned_at"] as const, search.sort),
  }),
  component: page(() => import("@/features/reports/reports-page"), "ReportsPage"),
});

interface RunSearch {
  state?: DeliveryState | undefined;
  q?: string | undefined;
  /** The last answer, as the reasons of a run group them. */
  code?: number | undefined;
  enhanced?: string | undefined;
  answer?: string | undefined;
  /** Whose delivery is open beside the table. */
  client?: number | undefined;
}

const code = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1000
    ? (value as number)
    : undefined;

const run = createRoute({
  getParentRoute: () => signedIn,
  path: "/reports/$runId",
  params: {
    parse: ({ runId }: { runId: string }) => ({ runId: idParam(runId) }),
    stringify: ({ runId }: { runId: number }) => ({ runId: String(runId) }),
  },
  validateSearch: (search: Record<string, unknown>): RunSearch => ({
    state: oneOf(DELIVERY_STATES, search.state),
    q: text(search.q),
    code: code(search.code),
    enhanced: text(search.enhanced),
    answer: text(search.answer),
    client: id(search.client),
  }),
  component: page(() => import("@/features/reports/run-page"), "RunPage"),
  notFoundComponent: NotFoundPage,
});

const why = createRoute({
  getParentRoute: () => signedIn,
  path: "/reports/$runId/clients/$clientId",
  params: {
    parse: ({ runId, clientId }: { runId: string; clientId: string }) => ({
      runId: idParam(runId),
      clientId: idParam(clientId),
    }),
    stringify: ({ runId, clientId }: { runId: number; clientId: number }) => ({
      runId: String(runId),
      clientId: String(clientId),
    }),
  },
  component: page(() => import("@/features/reports/why-page"), "WhyPage"),
  notFoundComponent: NotFoundPage,
});

export const reportRoutes = [dashboard, reports, run, why] as const;
