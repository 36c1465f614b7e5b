import { session } from "./session";

/** fetch with the access token; an expired one is renewed once and the request repeated, unseen by the caller. */
export async function authorisedFetch(request: Request): Promise<Response> {
  const repeat = request.clone();
  const used = session.token ?? ((await session.renew()) ? session.token : null);
  const answer = await fetch(withToken(request, used));
  if (answer.status !== 401) return answer;

  // While this one was under way another request may have renewed the token, or found the session over.
  if (session.token === used) await session.renew();
  return session.token === null ? answer : fetch(withToken(repeat, session.token));
}

function withToken(request: Request, token: string | null): Request {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}
