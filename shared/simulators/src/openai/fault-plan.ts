/** What the simulated vendor does wrong, and when: scripted by occurrence, or at random by the seed. */
import { seededRandom } from "./random.ts";

/** One way to fail. `at` is the type of a client or server event, for example `response.created`. */
export type SimulatedFault = FaultAim &
  (
    | { /** HTTP 401 at the upgrade. */ readonly kind: "refuse_key" }
    | { /** session.update is answered, and the session stays as it was. */ readonly kind: "ignore_update" }
    | { /** HTTP 5xx at the upgrade. */ readonly kind: "refuse_connection"; readonly status?: number }
    | { /** The socket opens and nothing comes. */ readonly kind: "no_session_created" }
    | {
        /** Close when `at` is sent or received; 1006 breaks the connection without a close frame. */ readonly kind: "close";
        readonly at: string;
        readonly code: number;
        readonly reason?: string;
      }
    | {
        /** response.done with status failed, before any output or after some deltas. */ readonly kind: "fail_response";
        readonly code: string;
        readonly message?: string;
        readonly afterDeltas?: number;
      }
    | { /** conversation_already_has_active_response although none is. */ readonly kind: "reject_create" }
    | { /** response.create is swallowed: no created, no done, no error. */ readonly kind: "ignore_create" }
    | { /** response.created comes, response.done never does. */ readonly kind: "never_done" }
    | {
        /** Deltas stop after `afterDeltas`, for `forMs`, or for good when null. */ readonly kind: "stall_deltas";
        readonly afterDeltas: number;
        readonly forMs: number | null;
      }
    | { /** An event of a type nobody knows comes before `at`. */ readonly kind: "unknown_event"; readonly at: string }
    | { /** `at` is sent as broken JSON. */ readonly kind: "malformed_json"; readonly at: string }
    | { readonly kind: "transcription"; readonly outcome: "never" | "failed" | "empty" }
    | { /** The model answers in text although audio was asked for. */ readonly kind: "text_reply" }
    | {
        /** `/v1/responses` answers with this status instead; with `retryAfterMs`, both of the vendor's headers say so. */
        readonly kind: "text_refused";
        readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 429 | 500 | 502 | 503;
        readonly code?: string;
        readonly message?: string;
        readonly retryAfterMs?: number;
      }
    | { /** `/v1/responses` takes so much longer; null: it never answers. */ readonly kind: "text_slow"; readonly ms: number | null }
    | { /** The connection breaks instead of an answer. */ readonly kind: "text_cut" }
    | {
        /** Status 200, and a body that is not JSON, or JSON that is no response. */ readonly kind: "text_malformed";
        readonly body?: string;
      }
    | { /** status incomplete after half of what was to be said. */ readonly kind: "text_incomplete"; readonly reason: string }
    | {
        /** status failed, nothing generated; billed only where it says so. */
        readonly kind: "text_failed";
        readonly code: string;
        readonly billed?: boolean;
      }
    | { /** An answer without `usage`; billed like any other. */ readonly kind: "text_unmetered" }
    | {
        /** The model calls this, whether the request offers it or not, with arguments that need not be JSON, instead of what it would do. */
        readonly kind: "text_tool_call";
        readonly name: string;
        readonly arguments: string;
      }
    | { /** All audio of a response at once. */ readonly kind: "burst_audio" }
    | {
        /** session_expired and close 1001, `afterMs` after the session began. */ readonly kind: "session_expired";
        readonly afterMs: number;
      }
  );

export interface FaultAim {
  /** Only in this session, counted from 1; for the kinds `text_…`, only on this request to /v1/responses. Absent: in every one. */
  readonly session?: number;
  /** Let this many occasions pass first. */
  readonly skip?: number;
  /** Strike at most so often. Absent: always. */
  readonly times?: number;
  /** Strike an occasion with this probability, by the seed. Absent: 1. */
  readonly probability?: number;
}

type FaultOf<Kind extends SimulatedFault["kind"]> = Extract<SimulatedFault, { readonly kind: Kind }>;

export interface FaultPlan {
  /** The fault that strikes on this occasion, if any; asking is the occasion. */
  strike<Kind extends SimulatedFault["kind"]>(kind: Kind, session: number, at?: string): FaultOf<Kind> | undefined;
  /** One more fault, from now on. */
  add(fault: SimulatedFault): void;
  clear(): void;
}

export function faultPlan(faults: readonly SimulatedFault[], seed: number): FaultPlan {
  const random = seededRandom(seed ^ 0x0fa17);
  let armed = faults.map((fault) => ({ fault, seen: 0, struck: 0 }));
  return {
    strike(kind, session, at) {
      for (const entry of armed) {
        const { fault } = entry;
        if (!isKind(fault, kind)) continue;
        if (fault.session !== undefined && fault.session !== session) continue;
        if ("at" in fault && fault.at !== at) continue;
        if (entry.seen++ < (fault.skip ?? 0) || entry.struck >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
        if (fault.probability !== undefined && random() >= fault.probability) continue;
        entry.struck++;
        return fault;
      }
      return undefined;
    },
    add(fault) {
      armed.push({ fault, seen: 0, struck: 0 });
    },
    clear() {
      armed = [];
    },
  };
}

function isKind<Kind extends SimulatedFault["kind"]>(fault: SimulatedFault, kind: Kind): fault is FaultOf<Kind> {
  return fault.kind === kind;
}
