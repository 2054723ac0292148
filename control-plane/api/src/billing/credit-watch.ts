/**
 * Looks after the credit of calls that are going on, every two seconds: their holds are filled up, and who has to come to an end is told. A call
 * that was transferred to a person has nobody who could be told: it is ended at the carrier.
 * Every control plane does it; of an environment one at a time. What fails is tried again the next time: a call goes on meanwhile.
 */
import { callPrice, priceTelephony, WATCH_CREDIT_MS } from "@struere/domain";
import { type CallId, micros, NO_MONEY } from "@struere/kernel";
import { pause } from "@struere/runtime";
import { type Db, faultOfDatabase, findCall, listWatchedScopes, type PriceOfCall, watchCredit, writeAudit } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { Legs } from "../outbound/legs.ts";
import { rateCards } from "./bill-uses.ts";

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
  const priceOf = priceByPinnedCard(db);

  async function round(): Promise<void> {
    for (const scope of await listWatchedScopes(db)) {
      if (stopping.signal.aborted) return;
      const advised = await watchCredit(db, scope, { priceOf, now: new Date(clock.wall()) });
      for (const { callId, advice, transferred } of advised) {
        events.callAdvised({ callId, ...advice });
        if (transferred) await cut(callId, advice.reason);
      }
    }
  }

  /** Twilio ends both legs of it. */
  async function cut(callId: CallId, reason: string): Promise<void> {
    const call = await findCall(db, callId);
    if (!call?.twilio_call_sid) return;
    legs.drop(call, call.twilio_call_sid);
    const { organization_id: organizationId, environment } = call;
    const at = new Date(clock.wall());
    await writeAudit(db, { organizationId, environment, at, actor: "credit", action: "call.cut", subject: callId, detail: { reason } });
  }

  async function run(): Promise<void> {
    let failing = false;
    while (!stopping.signal.aborted) {
      try {
        await round();
        failing = false;
      } catch (error) {
        if (!failing)
          log.warn({ err: faultOfDatabase(error) ?? error }, "the credit of running calls can not be looked at; it is tried again");
        failing = true;
      }
      await pause(clock, WATCH_CREDIT_MS, stopping.signal);
    }
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      await running;
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
