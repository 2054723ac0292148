/** One simulated session's socket: numbers, records, sends and spoils events, and holds the session's timers. */
import type { Clock } from "@struere/kernel";
import type { WebSocket } from "ws";
import type { FaultPlan, SimulatedFault } from "./fault-plan.ts";
import type { VendorProblem } from "./vendor-problem.ts";

export interface WireEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RecordedEvent {
  /** On the simulator's clock. */
  readonly atMs: number;
  readonly event: WireEvent;
}

/**
 * How much a session remembers of its traffic. `everything`: with all audio. `events` (default): audio deltas without their audio,
 * appends only counted. `counts`: nothing but how many events of each type there were, for load tests.
 */
export type Keep = "everything" | "events" | "counts";

export interface Closing {
  readonly code: number;
  readonly reason: string;
  readonly by: "client" | "server";
}

export class Wire {
  readonly received: RecordedEvent[] = [];
  readonly emitted: RecordedEvent[] = [];
  /** How many events of each type came and went. */
  readonly counts = new Map<string, number>();
  closed: Closing | null = null;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #faults: FaultPlan;
  readonly #session: number;
  readonly #keep: Keep;
  readonly #timers = new Set<() => void>();
  #lastEvent = 0;

  constructor(options: {
    readonly socket: WebSocket;
    readonly clock: Clock;
    readonly faults: FaultPlan;
    readonly session: number;
    readonly keep: Keep;
  }) {
    this.#socket = options.socket;
    this.#clock = options.clock;
    this.#faults = options.faults;
    this.#session = options.session;
    this.#keep = options.keep;
  }

  strike<Kind extends SimulatedFault["kind"]>(kind: Kind, at?: string): Extract<SimulatedFault, { readonly kind: Kind }> | undefined {
    return this.#faults.strike(kind, this.#session, at);
  }

  /** Notes a client event. False: a fault closed the session on it. */
  receive(event: WireEvent): boolean {
    this.#count(event.type);
    if (this.#keep === "everything" || (this.#keep === "events" && event.type !== "input_audio_buffer.append")) {
      this.received.push({ atMs: this.#clock.now(), event });
    }
    return !this.#closeAt(event.type);
  }

  emit(type: string, fields: { readonly [field: string]: unknown } = {}): void {
    if (this.closed) return;
    const unknown = this.strike("unknown_event", type);
    if (unknown) this.#send({ type: "future.thing.happened", event_id: this.#nextId(), detail: { at: type } });
    const event: WireEvent = { type, event_id: this.#nextId(), ...fields };
    if (this.strike("malformed_json", type)) this.#socket.send(JSON.stringify(event).slice(0, -2));
    else this.#send(event);
    this.#closeAt(type);
  }

  error(problem: VendorProblem, eventId?: string): void {
    this.emit("error", {
      error: {
        type: problem.type ?? "invalid_request_error",
        code: problem.code,
        message: problem.message,
        param: problem.param ?? null,
        event_id: eventId ?? null,
      },
    });
  }

  /** Calls `run` once, `ms` from now, unless the session has ended. The returned function calls it off. */
  after(ms: number, run: () => void): () => void {
    if (this.closed) return () => {};
    const disarm = this.#clock.arm(this.#clock.now() + ms, () => {
      this.#timers.delete(disarm);
      run();
    });
    this.#timers.add(disarm);
    return () => {
      this.#timers.delete(disarm);
      disarm();
    };
  }

  /** Ends the session from the server's side; 1006 breaks the connection without a close frame. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    this.ended({ code, reason, by: "server" });
    if (code === 1006) this.#socket.terminate();
    else this.#socket.close(code, reason);
  }

  /** The socket is gone or going: nothing waits any more. */
  ended(closing: Closing): void {
    this.closed ??= closing;
    for (const disarm of this.#timers) disarm();
    this.#timers.clear();
  }

  #closeAt(type: string): boolean {
    const fault = this.strike("close", type);
    if (fault) this.close(fault.code, fault.reason ?? "");
    return fault !== undefined;
  }

  #send(event: WireEvent): void {
    this.#count(event.type);
    if (this.#keep !== "counts")
      this.emitted.push({ atMs: this.#clock.now(), event: this.#keep === "events" ? withoutAudio(event) : event });
    this.#socket.send(JSON.stringify(event));
  }

  #count(type: string): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
  }

  #nextId(): string {
    return `event_${this.#session}_${++this.#lastEvent}`;
  }
}

function withoutAudio(event: WireEvent): WireEvent {
  if (event.type !== "response.output_audio.delta") return event;
  const delta = event["delta"];
  return { ...event, delta: "", audio_bytes: typeof delta === "string" ? Buffer.byteLength(delta, "base64") : 0 };
}
