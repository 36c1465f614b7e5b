import { expect, test } from "vitest";
import { makingOnce } from "./making-once";

type Answer = Response | Error;

/** Calls that are answered in turn, with the keys that they carried. */
function calls(...answers: Answer[]) {
  const keys: (string | null)[] = [];
  const fetch = makingOnce(async (request) => {
    keys.push(request.headers.get("Idempotency-Key"));
    const answer = answers.shift();
    if (!(answer instanceof Response)) throw answer;
    return answer;
  });
  const ask = (method: string, path: string, body?: unknown) =>
    fetch(
      new Request(`http://postrider.test/api/v1${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    ).catch((error: unknown) => error);
  return { keys, ask };
}

const lost = () => new TypeError("Failed to fetch");
const answer = (status: number, headers = {}) => new Response(null, { status, headers });
const spring = { name: "Spring" };

test.each([
  ["no answer", lost()],
  ["a failure of the server", answer(503)],
  ["too many calls", answer(429)],
  ["a session that ended", answer(401)],
  ["a page of something else", answer(200, { "Content-Type": "text/html" })],
])("the same is asked for with the same key after %s", async (_, first) => {
  const { keys, ask } = calls(first, answer(201), answer(201));
  await ask("POST", "/mailings", spring);
  await ask("POST", "/mailings", spring);
  await ask("POST", "/mailings", spring);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
  // It was made: the third is another one.
  expect(keys[2]).not.toBe(keys[0]);
});

test("another content has another key", async () => {
  const { keys, ask } = calls(lost(), lost(), lost());
  await ask("POST", "/mailings", spring);
  await ask("POST", "/mailings", { name: "Summer" });
  await ask("POST", "/messages", spring);
  expect(new Set(keys).size).toBe(3);
});

test("what was refused is asked for anew", async () => {
  const { keys, ask } = calls(answer(422), answer(409), answer(201));
  for (let n = 0; n < 3; n++) await ask("POST", "/mailings", spring);
  expect(new Set(keys).size).toBe(3);
});

test("a first call that is still under way keeps its key, and its own refusal ends it", async () => {
  const replayed = answer(409, { "Idempotency-Replayed": "true" });
  const { keys, ask } = calls(lost(), answer(409), replayed, answer(201));
  for (let n = 0; n < 4; n++) await ask("POST", "/mailings/5/start");
  expect(keys.slice(1, 3)).toEqual([keys[0], keys[0]]);
  expect(keys[3]).not.toBe(keys[0]);
});

test("a change between two tries makes the second another call; a look does not", async () => {
  const { keys, ask } = calls(lost(), answer(200), lost(), answer(200), lost());
  await ask("POST", "/messages/3/test", { to: "" });
  await ask("POST", "/mailings/audience", {});
  await ask("POST", "/messages/3/test", { to: "" });
  await ask("PATCH", "/messages/3", { subject: "Mended" });
  await ask("POST", "/messages/3/test", { to: "" });
  expect(keys[2]).toBe(keys[0]);
  expect(keys[4]).not.toBe(keys[0]);
  expect([keys[1], keys[3]]).toEqual([null, null]);
});

test("two calls for the same at once share the key", async () => {
  const { keys, ask } = calls(answer(201), answer(201));
  await Promise.all([ask("POST", "/messages", spring), ask("POST", "/messages", spring)]);
  expect(keys[1]).toBe(keys[0]);
});

test("calls that take no key carry none", async () => {
  const { keys, ask } = calls(answer(201), answer(200), answer(200), answer(200));
  await ask("POST", "/api-keys", {});
  await ask("GET", "/mailings");
  await ask("PATCH", "/mailings/5", {});
  await ask("POST", "/mailings/5/pause");
  expect(keys).toEqual([null, null, null, null]);
});
