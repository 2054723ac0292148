/** What happened on a call, as its caller and a bystander would tell it. Times are milliseconds since the call was placed. */
export type TimelineKind =
  | "placed"
  | "ringing"
  | "answered"
  | "webhook"
  | "stream-started"
  /** The first audio of a stream came from the server; it has not been heard yet. */
  | "first-audio"
  | "stream-ended"
  | "caller-speaks"
  | "caller-spoke"
  | "agent-speaks"
  | "agent-spoke"
  | "agent-cut"
  | "said"
  | "dtmf"
  /** A key that the other side pressed, heard as a tone. */
  | "tone"
  | "alert"
  | "note"
  | "ended";

export type TimelineEvent = { readonly atMs: number; readonly kind: TimelineKind; readonly text: string };

/** Beyond this many events a call only counts them. */
const MAX = 5_000;

export class Timeline {
  readonly #now: () => number;
  readonly #events: TimelineEvent[] = [];
  readonly #followers = new Set<(event: TimelineEvent) => void>();
  /** Events that came after the bound and were not kept. */
  omitted = 0;

  /** @param now milliseconds since the call was placed. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get events(): readonly TimelineEvent[] {
    return this.#events;
  }

  add(kind: TimelineKind, text: string): void {
    const event = { atMs: Math.round(this.#now()), kind, text };
    if (this.#events.length < MAX) this.#events.push(event);
    else this.omitted++;
    for (const follower of this.#followers) follower(event);
  }

  /** Calls `follower` with each event from now on. The returned function ends it. */
  follow(follower: (event: TimelineEvent) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** One line an event, newest last. */
  text(): string {
    const lines = this.#events.map(({ atMs, kind, text }) => `${String(atMs).padStart(8)} ms  ${kind.padEnd(14)} ${text}`.trimEnd());
    return lines.length === 0 ? "        (nothing has happened)" : lines.join("\n");
  }
}
