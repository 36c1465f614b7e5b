import type { QueryClient } from "@tanstack/react-query";
import { authorisedFetch } from "@/auth/authorised-fetch";
import { session } from "@/auth/session";
import { eventsOf } from "./event-stream";
import { changed } from "./queries/keys";
import type { Report, RunStatus } from "./types";

/** What GET /events says of a run, at most once a second. */
export interface Progress {
  run_id: number;
  mailing_id: number;
  status: RunStatus;
  counts: Report["counts"];
  rate_per_second: number | null;
  eta_seconds: number | null;
  reason: string;
}

/** The key that a run's latest progress stands under in the query cache. */
export const progressKey = (runId: number) => ["progress", runId] as const;

/** The first wait before another connection, and the longest, in milliseconds. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** How often what runs is read again while there is no stream, in milliseconds. */
const POLL = 5_000;
/** A stream this silent is dead; the server's heartbeat comes every 15 s. In milliseconds. */
const SILENCE = 45_000;

type State = "off" | "live" | "polling";

/**
 * The one stream of events of this tab. It is open while somebody subscribes, shared by all of them, and goes on where
 * it was when a connection breaks. What comes is written into the query cache, where screens read it. A server that
 * gives no stream (404, a proxy that refuses) is asked every few seconds instead.
 */
export class Events {
  readonly #queries: QueryClient;
  #subscribers = 0;
  #abort: AbortController | null = null;
  #lastId = "";
  #wait = FIRST_WAIT;
  #state: State = "off";
  #statuses = new Map<number, RunStatus>();
  #listeners = new Set<() => void>();

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  get state(): State {
    return this.#state;
  }

  /** Calls back when the state changed. Returns what ends it. */
  onState = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Keeps the stream open until what is returned is called. */
  subscribe(): () => void {
    this.#subscribers++;
    if (this.#subscribers === 1) {
      this.#abort = new AbortController();
      void this.#follow(this.#abort.signal);
    }
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#subscribers--;
      if (this.#subscribers > 0) return;
      this.#abort?.abort();
      this.#abort = null;
      this.#become("off");
    };
  }

  async #follow(signal: AbortSignal) {
    while (!signal.aborted) {
      // Nobody is signed in any more; whoever signs in again finds the stream going on.
      if (session.token === null) {
        await pause(FIRST_WAIT, signal);
        continue;
      }
      const answered = await this.#read(signal).catch(() => false);
      if (signal.aborted) return;
      this.#become("polling");
      // Whatever was missed between two connections is read anew.
      void changed(this.#queries, "reports");
      const wait = answered ? this.#wait : POLL;
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
      await pause(wait, signal);
    }
  }

  /** Reads one connection to its end. Answers whether the server gave a stream at all. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const dead = new AbortController();
    const heard = silence(SILENCE, () => dead.abort());
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
      const answer = await authorisedFetch(
        new Request(`${window.location.origin}/api/v1/events`, {
          headers,
          signal: AbortSignal.any([signal, dead.signal]),
          cache: "no-store",
        }),
      );
      if (!answer.ok || !answer.body || !answer.headers.get("Content-Type")?.includes("text/event-stream")) {
        void answer.body?.cancel();
        return false;
      }
      this.#become("live");
      const body = answer.body.pipeThrough(
        new TransformStream({
          transform: (chunk, out) => {
            heard.again();
            out.enqueue(chunk);
          },
        }),
      );
      for await (const event of eventsOf(body, (wait) => {
        this.#wait = wait;
      })) {
        this.#wait = FIRST_WAIT;
        this.#lastId = event.id;
        if (event.name === "progress") this.#progress(event.data);
      }
      return true;
    } finally {
      heard.end();
    }
  }

  #progress(text: string) {
    let progress: Progress;
    try {
      progress = JSON.parse(text);
    } catch {
      return; // a proxy's own words
    }
    const { run_id, status } = progress;
    this.#queries.setQueryData(progressKey(run_id), progress);
    // A run that begins or ends is more than numbers: its lists are read again.
    const before = this.#statuses.get(run_id);
    this.#statuses.set(run_id, status);
    if (before !== status) void changed(this.#queries, "reports");
  }

  #become(state: State) {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function silence(milliseconds: number, then: () => void) {
  let timer = setTimeout(then, milliseconds);
  return {
    again: () => {
      clearTimeout(timer);
      timer = setTimeout(then, milliseconds);
    },
    end: () => clearTimeout(timer),
  };
}
