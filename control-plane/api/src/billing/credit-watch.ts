/**
 * Looks after the credit of calls that are going on, every two seconds: their holds are filled up, and who has to come to an end is told. A call
 * that was transferred to a person has nobody who could be told: it is ended at the carrier.
 * One control plane at a time does it, whichever is the first when it is due. What fails is tried again the next time: a call goes on meanwhile.
 */
import { callPrice, priceTelephony, WATCH_CREDIT_MS } from "@struere/domain";
import { type CallId, micros, NO_MONEY } from "@struere/kernel";
import { type Db, findCall, listWatchedScopes, type PriceOfCall, type Scope, watchCredit, writeAudit } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { Legs } from "../outbound/legs.ts";
import { startRounds } from "../rounds.ts";
import { rateCards } from "./bill-uses.ts";

/** By then it has been tried often enough for one time (legs.ts), or a control plane that was to do it is gone. */
const CUT_AGAIN_MS = 30_000;

export function startCreditWatch({
  db,
  clock,
  events,
  log,
  legs,
}: Pick<ControlContext, "db" | "clock" | "events" | "log"> & { readonly legs: Legs }): {
  close(): Promise<void>;
} {
  const stopping = new AbortController();
  /** Of calls that Twilio was told to end a short while ago. */
  const cutAt = new Map<CallId, number>();
  const priceOf = priceByPinnedCard(db);

  async function round(): Promise<void> {
    for (const scope of await listWatchedScopes(db)) {
      if (stopping.signal.aborted) return;
      const advised = await watchCredit(db, scope, { priceOf, now: new Date(clock.wall()) });
      for (const { callId, advice, transferred, isNew } of advised) {
        if (isNew) events.callAdvised({ callId, ...advice });
        if (transferred) await cut(callId);
        if (transferred && isNew) await noteCut(scope, callId, advice.reason);
      }
    }
    for (const [callId, at] of cutAt) if (clock.now() - at >= CUT_AGAIN_MS) cutAt.delete(callId);
  }

  /** Twilio ends both legs of it. It may not have been told the last time: it is told again as long as the call goes on. */
  async function cut(callId: CallId): Promise<void> {
    if (cutAt.has(callId)) return;
    const call = await findCall(db, callId);
    if (!call?.twilio_call_sid) return;
    cutAt.set(callId, clock.now());
    legs.drop(call, call.twilio_call_sid);
  }

  async function noteCut(scope: Scope, callId: CallId, reason: string): Promise<void> {
    const at = new Date(clock.wall());
    await writeAudit(db, { ...scope, at, actor: "credit", action: "call.cut", subject: callId, detail: { reason } });
  }

  const rounds = startRounds({
    ...{ db, clock, log, round, kind: "credit", everyMs: WATCH_CREDIT_MS },
    failing: "the credit of running calls can not be looked at; it is tried again",
  });
  return {
    async close() {
      stopping.abort();
      await rounds.close();
    },
  };
}

/** By the card that the call was answered with, whatever prices hold by now. */
function priceByPinnedCard(db: Db): PriceOfCall {
  const cards = rateCards(db);
  return async ({ rate_card_version: version, config, direction, to_number: called, transferred_to: person }) => {
    const card = version === null ? undefined : await cards.find(version);
    const voice = config?.voice;
    if (!card || !voice) return undefined;
    const price = callPrice(card, { model: voice.model, transcriptionModel: voice.transcriptionModel, direction, called });
    const leg = person === null ? undefined : priceTelephony(card, { direction: "outbound", called: person, seconds: 60 });
    const legMinute = leg?.ok ? micros(leg.value.cost + leg.value.markup) : NO_MONEY;
    return price.ok ? { ...price.value, legMinute } : undefined;
  };
}
