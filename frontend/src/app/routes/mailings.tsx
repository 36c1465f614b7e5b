import { createRoute } from "@tanstack/react-router";
import { MAILING_SORTS, type MailingSort } from "@/api/queries/mailings";
import { MAILING_STATUSES, type MailingStatus } from "@/api/types";
import { NotFoundPage } from "../fallbacks";
import { idParam, page, signedIn } from "./base";
import { id, oneOf, ownerOf, text } from "./search";

interface MailingsSearch {
  status?: MailingStatus | undefined;
  q?: string | undefined;
  sort?: MailingSort | undefined;
  /** Everyone's or one user's, for those who may see them. */
  owner?: "all" | number | undefined;
}

const mailings = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings",
  validateSearch: ({ status, q, sort, owner }: Record<string, unknown>): MailingsSearch => ({
    status: oneOf(MAILING_STATUSES, status),
    q: text(q),
    sort: oneOf(MAILING_SORTS, sort),
    owner: ownerOf(owner),
  }),
  component: page(() => import("@/features/mailings/mailings-page"), "MailingsPage"),
});

interface NewMailingSearch {
  /** What it begins with, where one came from a message, a tag or a client. */
  message_id?: number | undefined;
  tag?: string | undefined;
  client_id?: number | undefined;
}

const newMailing = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings/new",
  validateSearch: ({ message_id, tag, client_id }: Record<string, unknown>): NewMailingSearch => ({
    message_id: id(message_id),
    tag: text(tag),
    client_id: id(client_id),
  }),
  component: page(() => import("@/features/mailings/new-mailing-page"), "NewMailingPage"),
});

const params = {
  parse: ({ id }: { id: string }) => ({ id: idParam(id) }),
  stringify: ({ id }: { id: number }) => ({ id: String(id) }),
};

const mailing = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings/$id",
  params,
  component: page(() => import("@/features/mailings/mailing-page"), "MailingPage"),
  notFoundComponent: NotFoundPage,
});

const editMailing = createRoute({
  getParentRoute: () => signedIn,
  path: "/mailings/$id/edit",
  params,
  component: page(() => import("@/features/mailings/edit-mailing-page"), "EditMailingPage"),
  notFoundComponent: NotFoundPage,
});

export const mailingRoutes = [mailings, newMailing, mailing, editMailing] as const;
