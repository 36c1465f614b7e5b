import { createRoute } from "@tanstack/react-router";
import { MESSAGE_SORTS, type MessageSort } from "@/api/queries/messages";
import type { EditorSearch } from "@/features/messages/editor-search";
import { NotFoundPage } from "../fallbacks";
import { idParam, page, signedIn } from "./base";
import { id, oneOf, ownerOf, text } from "./search";

interface MessagesSearch {
  q?: string | undefined;
  /** Everyone's or one user's, for those who may see them. */
  owner?: "all" | number | undefined;
  sort?: MessageSort | undefined;
}

const parent = createRoute({ getParentRoute: () => signedIn, path: "/messages" });

const messages = createRoute({
  getParentRoute: () => parent,
  path: "/",
  validateSearch: (search: Record<string, unknown>): MessagesSearch => ({
    q: text(search.q),
    owner: ownerOf(search.owner),
    sort: oneOf(MESSAGE_SORTS, search.sort),
  }),
  component: page(() => import("@/features/messages/messages-page"), "MessagesPage"),
});

const validateSearch = (search: Record<string, unknown>): EditorSearch => ({
  tab: oneOf(["visual", "html", "text"], search.tab),
  view: oneOf(["desktop", "text"], search.view),
  ground: oneOf(["dark"], search.ground),
  as: id(search.as),
});

const newMessage = createRoute({
  getParentRoute: () => parent,
  path: "/new",
  validateSearch,
  component: page(() => import("@/features/messages/new-message-page"), "NewMessagePage"),
});

const message = createRoute({
  getParentRoute: () => parent,
  path: "/$id",
  params: { parse: ({ id }) => ({ id: idParam(id) }), stringify: ({ id }) => ({ id: String(id) }) },
  validateSearch,
  component: page(() => import("@/features/messages/message-page"), "MessagePage"),
  notFoundComponent: NotFoundPage,
});

export const messageRoutes = [parent.addChildren([messages, newMessage, message])] as const;
