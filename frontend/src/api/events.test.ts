import { QueryClient } from "@tanstack/react-query";
import { HttpResponse, http } from "msw";
import { expect, onTestFinished, test, vi } from "vitest";
import { session } from "@/auth/session";
import { at, problem, server } from "@/test/server";
import { eventsOf, type StreamEvent } from "./event-stream";
import { Events, type Progress, progressKey } from "./events";

const bytes = new TextEncoder();

function bodyOf(...chunks: string[]) {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(out) {
      for (const chunk of chunks) out.enqueue(bytes.encode(chunk));
      out.close();
    },
  });
}

async function read(...chunks: string[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of eventsOf(bodyOf(...chunks))) events.push(event);
  return events;
}

test("events are read however they are cut and whatever ends their lines", async () => {
  const events = [
    { name: "progress", data: '{"a":1}', id: "5" },
    { name: "message", data: "two\nlines", id: "5" },
  ];
  const text =
    'id: 5\nevent: progress\ndata: {"a":1}\n\n: heartbeat\n\ndata: two\ndata:lines\n\ndata: cut off';
  expect(await read(text)).toEqual(events);
  expect(await read(...text)).toEqual(events);
  expect(await read(...text.replaceAll("\n", "\r\n"))).toEqual(events);
});

test("the wait a server asks for is told", async () => {
  const onRetry = vi.fn();
  for await (const _ of eventsOf(bodyOf("retry: 2500\nretry: soon\n\n"), onRetry));
  expect(onRetry.mock.calls).toEqual([[2500]]);
});

const progress = (more: Partial<Progress>): Progress => ({
  run_id: 40,
  mailing_id: 1,
  status: "running",
  counts: {
    planned: 10,
    pending: 9,
    sending: 0,
    deferred: 0,
    sent: 1,
    failed: 0,
    skipped: 0,
    in_doubt: 0,
    expired: 0,
    cancelled: 0,
  },
  rate_per_second: 1,
  eta_seconds: 9,
  reason: "",
  ...more,
});

const stream = (text: string, keepOpen = false) =>
  new HttpResponse(
    new ReadableStream({
      start(out) {
        out.enqueue(bytes.encode(text));
        if (!keepOpen) out.close();
      },
    }),
    { headers: { "Content-Type": "text/event-stream" } },
  );

const event = (id: number, more: Partial<Progress>) =>
  `id: ${id}\nevent: progress\ndata: ${JSON.stringify(progress(more))}\n\n`;

function open() {
  const queries = new QueryClient();
  const events = new Events(queries);
  onTestFinished(events.subscribe());
  return { queries, events };
}

test("a broken stream goes on where it was, and what came is in the cache", async () => {
  await session.signIn("anna@example.com", "x");
  const asked: (string | null)[] = [];
  server.use(
    http.get(at("/events"), ({ request }) => {
      asked.push(request.headers.get("Last-Event-ID"));
      expect(request.headers.get("Authorization")).toBe("Bearer first");
      return asked.length === 1 ? stream(event(1, {})) : stream(event(2, { status: "finished" }), true);
    }),
  );
  const { queries, events } = open();
  await vi.waitFor(
    () => expect(queries.getQueryData<Progress>(progressKey(40))?.status).toBe("finished"),
    5_000,
  );
  expect(asked).toEqual([null, "1"]);
  expect(events.state).toBe("live");
});

test("subscribers share one stream, and the last one closes it", async () => {
  await session.signIn("anna@example.com", "x");
  let streams = 0;
  server.use(
    http.get(at("/events"), () => {
      streams++;
      return stream(event(1, {}), true);
    }),
  );
  const { events } = open();
  const second = events.subscribe();
  await vi.waitFor(() => expect(events.state).toBe("live"));
  second();
  second();
  expect(events.state).toBe("live");
  expect(streams).toBe(1);
});

test("without a stream screens are told to ask by themselves", async () => {
  await session.signIn("anna@example.com", "x");
  server.use(http.get(at("/events"), () => problem(404)));
  const { events } = open();
  await vi.waitFor(() => expect(events.state).toBe("polling"));
});
