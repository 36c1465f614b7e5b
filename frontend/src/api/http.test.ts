import i18next from "i18next";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { chooseLanguage } from "@/i18n";
import { at, problem, server } from "@/test/server";
import { failureWords } from "@/ui/failure-words";
import { Failure } from "./failure";
import { createApi, publicApi } from "./http";

async function failureFor(answer: () => Response): Promise<Failure> {
  server.use(http.get(at("/public/home"), answer));
  const failure = await publicApi.GET("/public/home").catch((error) => error);
  expect(failure).toBeInstanceOf(Failure);
  return failure;
}

test("a problem's sentence, fields and request are kept", async () => {
  const errors = [{ field: "audience.client_ids", code: "unknown", message: "There is no client 5." }];
  const failure = await failureFor(() => problem(422, { detail: "Some fields are wrong.", errors }));
  expect(failure).toMatchObject({
    status: 422,
    detail: "Some fields are wrong.",
    fields: errors,
    requestId: "req-1",
  });
  expect(failure.isPassing).toBe(false);
});

test.each([
  ["must be a name", "Must be a name"],
  ["имя занято", "Имя занято"],
  ["{{ client.name is not closed", "{{ client.name is not closed"],
])("what the server says of a field, %s, is shown as a sentence", async (message, shown) => {
  const failure = await failureFor(() =>
    problem(422, { errors: [{ field: "name", code: "invalid", message }] }),
  );
  expect(failure.fields[0]?.message).toBe(shown);
});

test("an answer of a proxy is a failure with its status", async () => {
  const failure = await failureFor(() => new HttpResponse("<h1>Bad gateway</h1>", { status: 502 }));
  expect(failure).toMatchObject({ status: 502, detail: "", fields: [] });
  expect(failure.isPassing).toBe(true);
});

const html = (status: number) => () => HttpResponse.html("<h1>Sign in to the network</h1>", { status });

test.each([200, 201, 401, 403, 404])(
  "a page that something else answers with %i is as good as no answer",
  async (status) => {
    const failure = await failureFor(html(status));
    expect(failure).toMatchObject({ status: 0, isForeign: true, isPassing: true });
    expect(failureWords(i18next.t, failure).text).toMatch(/^It was not Postrider that answered/);
  },
);

test.each([
  [429, /^Too many tries/],
  [500, /^It was not Postrider/],
  [502, /^The server cannot do this at the moment/],
  [511, /^It was not Postrider/],
])("what a proxy says with %i is told as that", async (status, words) => {
  const failure = await failureFor(html(status));
  expect(failure).toMatchObject({ status, isPassing: true });
  expect(failureWords(i18next.t, failure).text).toMatch(words);
});

test("an answer that broke off is no answer", async () => {
  const failure = await failureFor(
    () => new HttpResponse('{"mailings": 5, "cli', { headers: { "Content-Type": "application/json" } }),
  );
  expect(failure).toMatchObject({ status: 0, isForeign: false, isPassing: true });
});

test("an answer without content is a success, also where a browser gives it an empty body", async () => {
  const nothing = new Response(new Uint8Array());
  Object.defineProperty(nothing, "status", { value: 204 });
  const { response } = await createApi(async () => nothing).GET("/public/home");
  expect(response.status).toBe(204);
});

test("a failure without a body is a failure", async () => {
  const failure = await failureFor(
    () => new HttpResponse(null, { status: 500, headers: { "Content-Length": "0" } }),
  );
  expect(failure.status).toBe(500);
});

test("the time to wait is read", async () => {
  const failure = await failureFor(
    () => new HttpResponse(null, { status: 429, headers: { "Retry-After": "30" } }),
  );
  expect(failure.retryAfter).toBe(30);
});

test("no answer is a failure of the network", async () => {
  expect((await failureFor(() => HttpResponse.error())).isNetwork).toBe(true);
});

test("answers are asked for in the language of the interface", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(at("/public/home"), ({ request }) => {
      asked.push(request.headers.get("Accept-Language"));
      return HttpResponse.json({});
    }),
  );
  await publicApi.GET("/public/home");
  await chooseLanguage("ru");
  await publicApi.GET("/public/home");
  expect(asked).toEqual(["en", "ru"]);
});
