/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) out of a body that arrives in pieces: fetch instead of
 * EventSource, which could not send the key in a header.
 */
export interface StreamedEvent {
  /** The last id that was sent, also with an earlier event; empty: none. */
  readonly id: string;
  /** "message" unless the server says otherwise. */
  readonly event: string;
  readonly data: string;
}

/** No event of ours is nearly so long; a stream without line ends must not fill the memory. */
const LINE_MAX = 4 * 1024 * 1024;

/** `onRetry` is told how many milliseconds the server wants between two connections. Ends with the body. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  onRetry: (milliseconds: number) => void,
): AsyncGenerator<StreamedEvent, void, undefined> {
  let id = "";
  let event = "";
  let data: string[] = [];
  for await (const line of readLines(body)) {
    if (line === "") {
      // An event that the stream's end cuts off has no empty line after it and is dropped: it comes again with the next connection.
      if (data.length > 0) yield { id, event: event || "message", data: data.join("\n") };
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) onRetry(Number(value));
  }
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    // A \r at the very end may be half of \r\n.
    const complete = rest.endsWith("\r") ? rest.slice(0, -1) : rest;
    const lines = complete.split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + rest.slice(complete.length);
    yield* lines;
    if (rest.length > LINE_MAX) throw new RangeError(`a line of the event stream is longer than ${LINE_MAX} characters`);
  }
}
