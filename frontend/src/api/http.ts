import createClient, { type Middleware } from "openapi-fetch";
import { language } from "@/i18n";
import { Failure, failureOf, isForeign } from "./failure";
import type { paths } from "./types";

const manners: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", language());
  },
  async onResponse({ response }) {
    if (!response.ok) throw await failureOf(response);
    if (isForeign(response)) throw new Failure({ status: 0, isForeign: true });
    return whole(response);
  },
  onError({ error }) {
    if (error instanceof Failure) return error;
    // A cancelled request is nobody's failure; TanStack Query knows it by its name.
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new Failure({ status: 0, cause: error });
  },
};

/** An answer that came to its end and can be read. */
async function whole(response: Response): Promise<Response | undefined> {
  if (!response.body) return undefined;
  try {
    const text = await response.text();
    if (text) JSON.parse(text);
    const { status, statusText, headers } = response;
    // What says nothing has no body, also where the browser gave it an empty one; 204 may have none at all.
    return new Response(text || null, { status, statusText, headers });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Failure({ status: 0, cause });
  }
}

/**
 * A client of the API over the given fetch. Calls reject with a Failure for everything but success, so that
 * `data` is always there, and ask for answers in the language of the interface.
 */
export function createApi(fetch: (request: Request) => Promise<Response>) {
  const api = createClient<paths, "application/json">({ baseUrl: `${window.location.origin}/api/v1`, fetch });
  api.use(manners);
  return api;
}

/** For calls that need nobody to be signed in: it sends no token and never tries to renew one. */
export const publicApi = createApi((request) => fetch(request));
