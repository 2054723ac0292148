/** Calls to people: placed, and hung up. Tools, the typed API and REST all come here. */
import { type CallRefusal, isOver, maskPhoneNumber } from "@struere/domain";
import { type CallId, Fault, type ThreadId } from "@struere/kernel";
import { pause } from "@struere/runtime";
import {
  admitCall,
  type Call,
  findPlacement,
  findPlacementByKey,
  inTransaction,
  type JsonObject,
  lockBooks,
  type PlacedCall,
  type Scope,
  stopCall,
  writeAudit,
  writePlacement,
} from "@struere/store";
import { priceOf } from "../billing/begin-call.ts";
import { askTwilio, legSoon, type TwilioAsker } from "./ask-twilio.ts";
import { type AskedCall, type CallPreparer, NumberRefused, type Placer, prepareCall } from "./prepare-call.ts";

/** A limit has no room for it; whoever asked is told which one and what to do, and it is written down. */
class CallRefused extends Fault {
  readonly reason: string;
  readonly detail: JsonObject;

  constructor({ reason, sentence, limit, value }: CallRefusal) {
    super("resource_exhausted", sentence);
    this.reason = reason;
    this.detail = { reason, limit, value };
  }
}

export interface PlacedAnswer {
  readonly callSid: string;
  readonly status: "initiated";
  readonly callId: CallId;
  readonly threadId: ThreadId;
}

export interface Dialler {
  /**
   * Returns when Twilio has taken the call; the phone rings then, or is about to.
   * @throws Fault invalid_argument, not_found, permission_denied, failed_precondition, resource_exhausted, each before any phone rings;
   * UnclearPlacement when Twilio's answer is lost.
   */
  place(asked: AskedCall): Promise<PlacedAnswer>;
  /** Ends a call that rings or is going on. One that is over stays as it is. @throws Fault not_found */
  hangUp(scope: Scope, callId: CallId): Promise<{ readonly call: Call; readonly endedNow: boolean }>;
}

/** Whoever asks again under the same key waits so long for the first to come to its end. */
const SAME_KEY_WAIT_MS = 30_000;

export function dialler(services: CallPreparer & TwilioAsker): Dialler {
  const { db, clock, events, legs } = services;
  const now = (): Date => new Date(clock.wall());

  async function place(asked: AskedCall): Promise<PlacedAnswer> {
    const known = await underKey(asked);
    if (known) return await answerAgain(services, known);
    const { call, voicemail, ringSeconds } = await prepareCall(services, asked);
    const { placed, repeated } = await inTransaction(db, async (tx) => {
      const at = now();
      if (asked.idempotencyKey !== null) {
        // A request under the same key may have come first meanwhile; who has the lock sees it.
        await lockBooks(tx, asked.scope, at);
        const before = await findPlacementByKey(tx, asked.scope, keyed(asked.idempotencyKey, asked));
        if (before) return { placed: before, repeated: true };
      }
      const keyId = asked.by.kind === "key" ? asked.by.keyId : null;
      const price = priceOf(services.rateCard, call);
      const admitted = await admitCall(tx, asked.scope, { callId: call.callId, keyId, dialled: call.to, price, now: at });
      if (!admitted.ok) throw new CallRefused(admitted.problem);
      const written = await writePlacement(tx, asked.scope, {
        call: { ...call, keyId, now: at },
        idempotencyKey: asked.idempotencyKey,
        request: requestOf(asked),
        ringSeconds,
        voicemail,
        dialAt: admitted.value.dialAt,
      });
      await auditPlaced(tx, asked, written, at);
      return { placed: written, repeated: false };
    });
    if (repeated) return await answerAgain(services, placed);
    await pause(clock, placed.placement.dial_at.getTime() - clock.wall());
    const taken = await askTwilio(services, placed);
    events.callPlaced({ callId: taken.id });
    return answerOf(taken);
  }

  const underKey = async (asked: AskedCall): Promise<PlacedCall | undefined> =>
    asked.idempotencyKey === null ? undefined : await findPlacementByKey(db, asked.scope, keyed(asked.idempotencyKey, asked));

  return {
    async place(asked) {
      try {
        return await place(asked);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code !== "internal") {
          const reason = thrown instanceof NumberRefused || thrown instanceof CallRefused ? thrown.reason : thrown.code;
          events.placementRefused({ reason });
          if (thrown instanceof NumberRefused) await auditRefused(asked, thrown.maskedNumber, { reason });
          if (thrown instanceof CallRefused)
            await auditRefused(asked, maskPhoneNumber(asked.order.phoneNumber.slice(0, 16)), thrown.detail);
        }
        throw thrown;
      }
    },

    async hangUp(scope, callId) {
      const stopped = await stopCall(db, scope, { callId, outcome: "stopped", reason: "hung_up_by_owner", now: now() });
      if (!stopped) throw new Fault("not_found", `there is no call ${callId} in ${scope.environment}`);
      const { call, endedNow } = stopped;
      if (endedNow) events.callEnded({ callId, outcome: "stopped", reason: "hung_up_by_owner" });
      // Its leg may come only now: then it is nobody's, and is dropped when it shows.
      if (endedNow && call.twilio_call_sid !== null) legs.drop(call, call.twilio_call_sid);
      return stopped;
    },
  };

  /** What somebody tried, and whose key or agent it was: fraud shows here first. */
  async function auditRefused({ scope, by }: AskedCall, maskedNumber: string, detail: JsonObject): Promise<void> {
    await writeAudit(db, {
      ...scope,
      at: now(),
      actor: nameOf(by),
      action: "call.not_placed",
      subject: maskedNumber,
      detail,
    }).catch(() => events.placementRefused({ reason: "audit_failed" }));
  }
}

async function auditPlaced(tx: CallPreparer["db"], { scope, by }: AskedCall, { call }: PlacedCall, at: Date): Promise<void> {
  await writeAudit(tx, { ...scope, at, actor: nameOf(by), action: "call.placed", subject: call.id, detail: {} });
}

function nameOf(by: Placer): string {
  return by.kind === "key" ? by.keyId : `agent ${by.agent.slug}`;
}

/** The same key means the same request, whoever sends it. */
function requestOf({ order }: AskedCall): unknown {
  return order;
}

function keyed(key: string, asked: AskedCall) {
  return { key, request: requestOf(asked) };
}

/** The outcome of the first request, once there is one. */
async function answerAgain(services: TwilioAsker, { call, placement }: PlacedCall): Promise<PlacedAnswer> {
  const leg = call.twilio_call_sid === null ? await legSoon(services, call, SAME_KEY_WAIT_MS) : call;
  if (leg) return answerOf(leg);
  const { call: now, placement: asked } = (await findPlacement(services.db, call.id)) ?? { call, placement };
  if (isOver(now.status)) {
    const why = asked.problem ?? now.reason ?? "it ended";
    throw new Fault(
      "failed_precondition",
      `the call of this idempotency key was not placed: ${why} (${call.id}); use a new key for another call`,
    );
  }
  throw new Fault("aborted", `the call of this idempotency key is still being placed (${call.id}); ask again with the same key`);
}

function answerOf(call: Call): PlacedAnswer {
  return { callSid: call.twilio_call_sid ?? "", status: "initiated", callId: call.id, threadId: call.thread_id };
}
