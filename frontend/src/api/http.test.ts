import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { chooseLanguage } from "@/i18n";
import { at, problem, server } from "@/test/server";
import { Failure } from "./failure";
import { publicApi } from "./http";

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
