/** Calls: their records, and what is said while they go on. */
import { type Connection, sendForJson } from "./request.ts";
import { type CallMessage, watchCall, type WatchOptions } from "./watch-call.ts";

export type CallStatus = "pending" | "active" | "completed" | "stopped" | "failed";

export interface CallSummary {
  readonly id: string;
  readonly environment: string;
  readonly threadId: string;
  readonly direction: string;
  readonly from: string;
  readonly to: string;
  readonly status: CallStatus;
  /** Why it ended, a stable word in snake_case; null while it goes on. */
  readonly reason: string | null;
  /** Slug of the agent that answered. */
  readonly agent: string | null;
  readonly agentVersion: number | null;
  readonly routerVersion: number | null;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
}

export interface Utterance {
  /** Place in the conversation: sort by it. */
  readonly position: number;
  readonly speaker: "caller" | "agent";
  /** Slug of the agent that spoke, or was spoken to. */
  readonly agent: string;
  /** What was heard. */
  readonly text: string;
  readonly interrupted: boolean;
  /** Milliseconds since the call's audio began. */
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface CallRecord extends CallSummary {
  readonly utterances: readonly Utterance[];
  readonly injections: readonly Injection[];
}

/** Words that an auditor, a person or a service wanted the agent to say. */
export interface Injection {
  readonly id: string;
  readonly action: "correction" | "complete" | "abort";
  readonly message: string;
  readonly field: string | null;
  readonly value: string | null;
  readonly source: "auditor" | "person" | "service";
  /** Slug of the auditor, or id of the key. */
  readonly author: string;
  readonly createdAt: string;
  /** Not said any more after this. */
  readonly expiresAt: string;
  /** What became of it; null while it is on its way. */
  readonly outcome: "spoken" | "superseded" | "expired" | "refused" | null;
  readonly reason: string | null;
  /** Of what was spoken: how long it was heard. */
  readonly heardMs: number | null;
  readonly receiptAt: string | null;
}

export interface InjectOptions {
  /** At most 600 characters, without links. */
  readonly message: string;
  /** Default `correction`. A `complete` and an `abort` end the call. */
  readonly action?: Injection["action"];
  /** What it is about: a newer one about the same replaces one that waits. */
  readonly field?: string;
  /** What is right: when the caller says it first, it is dropped. */
  readonly value?: string;
  /** Default `service`. */
  readonly source?: "person" | "service";
  /** The same key again injects nothing new. */
  readonly idempotencyKey?: string;
  /** Wait so long for the receipt, up to 30000 ms; default 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export interface CallPage {
  readonly items: readonly CallSummary[];
  readonly nextCursor: string | null;
}

export interface CallListOptions {
  /** 1 to 100; default 25. */
  readonly limit?: number;
  readonly cursor?: string;
  readonly status?: CallStatus;
  readonly threadId?: string;
  readonly signal?: AbortSignal;
}

/** A call to a person. Exactly one of `agentSlug` and `routerSlug`, or neither: then what the environment's number is bound to speaks. */
export interface CallToPlace {
  /** E.164. */
  readonly phoneNumber: string;
  readonly agentSlug?: string;
  readonly routerSlug?: string;
  /** Slug of the entity type that the call shall fill. */
  readonly entityType?: string;
  /** The entity that it is about; what may be seen of it is handed to the agent. */
  readonly entityId?: string;
  /** What the agent on the phone has to know; in prompts `{{threadContext.params.<name>}}`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** A connected number. */
  readonly from?: string;
  readonly voicemail?:
    | { readonly policy: "treat_as_human" }
    | { readonly policy: "hang_up" }
    | { readonly policy: "leave_message"; readonly message: string };
  /** 5 to 120; default 30. */
  readonly ringSeconds?: number;
}

export interface PlacedCall {
  readonly callSid: string;
  readonly status: "initiated";
  readonly callId: string;
  readonly threadId: string;
}

export interface HungUpCall {
  readonly id: string;
  readonly status: CallStatus;
  readonly reason: string | null;
  /** False: it was over already. */
  readonly endedNow: boolean;
}

export class CallsClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Newest first. */
  async list({ signal, ...query }: CallListOptions = {}): Promise<CallPage> {
    return await sendForJson(this.#connection, { method: "GET", path: ["v1", "calls"], query, signal });
  }

  /** The whole record so far. @throws StruereApiError 404 when there is none. */
  async get(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<CallRecord> {
    return await sendForJson(this.#connection, { method: "GET", path: ["v1", "calls", id], ...options });
  }

  /**
   * Has the agent of a running call say something, in its own voice. `outcome` is null until there is a receipt: wait for it with `waitMs`, and
   * longer by asking again with the same `idempotencyKey`.
   * @throws StruereApiError 404 when there is no such call, 409 when it does not run, 429 when too much was injected.
   */
  async inject(id: string, { signal, ...body }: InjectOptions): Promise<Injection> {
    return await sendForJson(this.#connection, { method: "POST", path: ["v1", "calls", id, "inject"], body, signal });
  }

  /** Oldest first. */
  async injections(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly Injection[]> {
    const path = ["v1", "calls", id, "injections"];
    const { items } = await sendForJson<{ readonly items: readonly Injection[] }>(this.#connection, { method: "GET", path, ...options });
    return items;
  }

  /**
   * Has a person called. With an `idempotencyKey` the same call may be asked for again, after a lost answer: the phone rings once.
   * @throws StruereApiError before any phone rings: 400 with the legal values, 403 for a number that may not be called, 429 for too many calls.
   */
  async place(call: CallToPlace, options: { readonly idempotencyKey?: string; readonly signal?: AbortSignal } = {}): Promise<PlacedCall> {
    const { idempotencyKey, signal } = options;
    return await sendForJson(this.#connection, {
      method: "POST",
      path: ["v1", "calls"],
      body: call,
      headers: keyHeader(idempotencyKey),
      signal,
    });
  }

  /** Ends a call that rings or is going on. */
  async hangUp(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<HungUpCall> {
    return await sendForJson(this.#connection, { method: "POST", path: ["v1", "calls", id, "hangup"], ...options });
  }

  /**
   * Everything that the call says, as it is recorded, from its beginning or from after `lastEventId`; ends when the call is over and all
   * of it was given. A lost connection is taken up again where it was: nothing is lost and nothing comes twice.
   *
   * ```ts
   * for await (const message of client.calls.watch(callId)) {
   *   if (message.kind === "transcript") show(message.body.speaker, message.body.text);
   * }
   * ```
   * @throws StruereApiError when the call is not there, or the server stays away for longer than the retries last.
   */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<CallMessage, void, undefined> {
    return watchCall(this.#connection, id, options);
  }
}

function keyHeader(key: string | undefined): Readonly<Record<string, string>> {
  return key === undefined ? {} : { "idempotency-key": key };
}
