/**
 * Looks after the credit of calls that are going on, every two seconds: their holds are filled up, and who has to come to an end is told.
 * Every control plane does it; of an environment one at a time. What fails is tried again the next time: a call goes on meanwhile.
 */
import { callPrice, WATCH_CREDIT_MS } from "@struere/domain";
import { pause } from "@struere/runtime";
import { type Db, faultOfDatabase, listWatchedScopes, type PriceOfCall, watchCredit } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { rateCards } from "./bill-uses.ts";

export function startCreditWatch({ db, clock, events, log }: Pick<ControlContext, "db" | "clock" | "events" | "log">): {
  close(): Promise<void>;
} {
  const stopping = new AbortController();
  const priceOf = priceByPinnedCard(db);

  async function round(): Promise<void> {
    for (const scope of await listWatchedScopes(db)) {
      if (stopping.signal.aborted) return;
      const advised = await watchCredit(db, scope, { priceOf, now: new Date(clock.wall()) });
      for (const { callId, advice } of advised) events.callAdvised({ callId, ...advice });
    }
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
  return async ({ rate_card_version: version, config, direction, to_number: called }) => {
    const card = version === null ? undefined : await cards.find(version);
    const voice = config?.voice;
    if (!card || !voice) return undefined;
    const price = callPrice(card, { model: voice.model, transcriptionModel: voice.transcriptionModel, direction, called });
    return price.ok ? price.value : undefined;
  };
}
