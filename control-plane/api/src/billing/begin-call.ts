/**
 * A call that comes in is written down, with its credit reserved, or with why it is refused. Where nothing is limited, and where there is
 * plainly no room, this is one statement, as short as a ringing phone deserves; otherwise it is one transaction under the lock of the books.
 */
import { type CallPrice, callPrice, type CallRefusal, callReserve, type RateCard } from "@struere/domain";
import { Fault } from "@struere/kernel";
import {
  admitCall,
  type Call,
  createCall,
  createRefusedCall,
  type Db,
  inTransaction,
  refusalFor,
  type Room,
  type Scope,
} from "@struere/store";

export interface BegunCall {
  readonly call: Call;
  readonly created: boolean;
  readonly refusal?: CallRefusal;
}

export interface CallsBeginning {
  readonly db: Db;
  readonly rateCard: RateCard;
}

/** @param room as it was a moment ago. */
export async function beginCall(
  { db, rateCard }: CallsBeginning,
  scope: Scope,
  { call, room }: { readonly call: CallToBegin; readonly room: Room },
): Promise<BegunCall> {
  if (!room.limitsCalls) return await createCall(db, scope, call);
  const begun = await admitted(db, scope, call, priceOf(rateCard, call));
  return "reason" in begun ? await turnAway(db, scope, call, begun) : begun;
}

/**
 * Where there is plainly no room nobody need wait for the lock, nor look for a node: a thousand who are turned away hold up none who may begin.
 * @returns undefined: it may begin, perhaps.
 */
export async function turnAwayPlainly(
  { db, rateCard }: CallsBeginning,
  scope: Scope,
  { call, room }: { readonly call: CallToBegin; readonly room: Room },
): Promise<BegunCall | undefined> {
  if (!room.limitsCalls) return undefined;
  const wanted = callReserve(priceOf(rateCard, call), 0).full;
  const refusal = refusalFor(room, { what: "a call", wanted, now: call.now });
  return refusal && (await turnAway(db, scope, call, refusal));
}

type CallToBegin = Parameters<typeof createCall>[2];

/** Under the lock of the books, which who is refused does not keep: nothing of it was written down. */
async function admitted(db: Db, scope: Scope, call: CallToBegin, price: CallPrice): Promise<BegunCall | CallRefusal> {
  try {
    return await inTransaction(db, async (tx) => {
      const begun = await createCall(tx, scope, call);
      if (!begun.created) return begun;
      const { now } = call;
      const admission = await admitCall(tx, scope, { callId: begun.call.id, keyId: null, dialled: null, price, now });
      if (!admission.ok) throw new Refused(admission.problem);
      return begun;
    });
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.refusal;
    throw thrown;
  }
}

/** Takes back what was written down. */
class Refused extends Error {
  readonly refusal: CallRefusal;
  constructor(refusal: CallRefusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

async function turnAway(db: Db, scope: Scope, call: CallToBegin, refusal: CallRefusal): Promise<BegunCall> {
  const { reason, limit, value } = refusal;
  const audit = { actor: "twilio", action: "call.refused", detail: { reason, limit, value } };
  const refused = await createRefusedCall(db, scope, { ...call, nodeId: null, reason, audit });
  return refused.created ? { ...refused, refusal } : refused;
}

/** Of a call whose prices were found when it was resolved. */
export function priceOf(
  rateCard: RateCard,
  { config, direction, to }: Pick<Parameters<typeof createCall>[2], "config" | "direction" | "to">,
): CallPrice {
  const { voice } = config;
  const price = voice && callPrice(rateCard, { model: voice.model, transcriptionModel: voice.transcriptionModel, direction, called: to });
  if (!price?.ok) throw new Fault("internal", `a call was resolved that has no price: ${price?.problem.detail ?? "it has no voice"}`);
  return price.value;
}
