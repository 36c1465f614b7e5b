import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { MAILING_STATUSES, type MailingStatus } from "@/api/types";
import { signedIn } from "./base";
import { oneOf } from "./search";

interface MailingsSearch {
  status?: MailingStatus | undefined;
}

const mailings = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings",
  validateSearch: ({ status }: Record<string, unknown>): MailingsSearch => ({
    status: oneOf(MAILING_STATUSES, status),
  }),
  component: lazyRouteComponent(() => import("@/features/mailings/mailings-page"), "MailingsPage"),
});

export const mailingRoutes = [mailings] as const;
