/**
 * A call that comes in is written down, with its credit reserved, or with why it is refused. Where nothing is limited this is one statement,
 * as short as a ringing phone deserves; otherwise it is one transaction under the lock of the books.
 */
import { type CallPrice, callPrice, type CallRefusal, callReserve, type RateCard } from "@struere/domain";
import { err, Fault } from "@struere/kernel";
import {
  admitCall,
  type Call,
  createCall,
  type Db,
  failPendingCall,
  inTransaction,
  refuseSpending,
  type Scope,
  writeAudit,
} from "@struere/store";

export interface BegunCall {
  readonly call: Call;
  readonly created: boolean;
  readonly refusal?: CallRefusal;
}

export async function beginCall(
  db: Db,
  scope: Scope,
  {
    call: arriving,
    rateCard,
    limited,
  }: { readonly call: Parameters<typeof createCall>[2]; readonly rateCard: RateCard; readonly limited: boolean },
): Promise<BegunCall> {
  if (!limited) return await createCall(db, scope, arriving);
  const { now } = arriving;
  const price = priceOf(rateCard, arriving);
  // Where there is plainly no room nobody need wait for the lock: a thousand who are turned away hold up none who may begin.
  const plain = await refuseSpending(db, scope, { what: "a call", wanted: callReserve(price, 0).full, now });
  return await inTransaction(db, async (tx) => {
    const begun = await createCall(tx, scope, arriving);
    if (!begun.created) return begun;
    const { id: callId } = begun.call;
    const admitted = plain ? err(plain) : await admitCall(tx, scope, { callId, keyId: null, dialled: null, price, now });
    if (admitted.ok) return begun;
    const { reason, limit, value } = admitted.problem;
    const failed = await failPendingCall(tx, { callId, reason, now });
    await writeAudit(tx, { ...scope, at: now, actor: "twilio", action: "call.refused", subject: callId, detail: { reason, limit, value } });
    return { call: failed ?? begun.call, created: true, refusal: admitted.problem };
  });
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
