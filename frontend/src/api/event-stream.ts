/** One event of a stream of server-sent events; one without a name and data only moved the id. */
export interface StreamEvent {
  name: string;
  data: string;
  /** The id of the last event that had one; what the next connection names in Last-Event-ID. */
  id: string;
}

/**
 * Reads server-sent events as the standard says (WHATWG HTML §9.2.6) from the body of an answer. EventSource cannot
 * be used: it sends no Authorization header. Ends when the body does; rejects as the body does. A wait the server
 * asks for (`retry:`) is told to onRetry, in milliseconds.
 */
export async function* eventsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onRetry: (milliseconds: number) => void = () => {},
): AsyncGenerator<StreamEvent> {
  let rest = "";
  let id = "";
  let name = "";
  let data: string[] = [];
  let moved = false;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // What follows the last empty line is an event that never ended, and is dropped.
      if (done) return;
      rest += value;
      // A CR at the end may be the first half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { name: name || "message", data: data.join("\n"), id };
          else if (moved) yield { name: "", data: "", id };
          name = "";
          data = [];
          moved = false;
          continue;
        }
        const colon = line.indexOf(":");
        if (colon === 0) continue; // a comment, the heartbeat
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "event") name = text;
        else if (field === "data") data.push(text);
        else if (field === "id" && !text.includes("\0")) {
          id = text;
          moved = true;
        } else if (field === "retry" && /^\d+$/.test(text)) onRetry(Number(text));
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
