/**
 * Nobody writes on credit that is gone: before the model is asked, there has to be room for what the answer will about cost. What is
 * refused is in the audit log, and whoever asked is told which limit it was and what to do. What belongs to a call (its auditor, its
 * classifier) is not asked for here: the call was admitted with room for it, and is ended when there is none.
 */
import { priceTokens, type RateCard } from "@struere/domain";
import { type Clock, Fault, micros, type ThreadId } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { type Db, refuseSpending, type Scope, writeAudit } from "@struere/store";

export interface AnswerToPay {
  readonly threadId: ThreadId;
  readonly agentSlug: string;
  readonly model: string;
  /** Of all that the model is sent. */
  readonly chars: number;
}

/** @throws Fault resource_exhausted */
export type EnsurePaid = (scope: Scope, answer: AnswerToPay) => Promise<void>;

const CHARS_PER_TOKEN = 4;
/** Of an answer of ordinary length. */
const OUTPUT_TOKENS = 500;

export function spending(services: { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly rateCard: RateCard }): EnsurePaid {
  const { db, clock, log, rateCard } = services;
  return async (scope, { threadId, agentSlug, model, chars }) => {
    const now = new Date(clock.wall());
    const priced = priceTokens(rateCard, model, {
      inputTextTokens: Math.ceil(chars / CHARS_PER_TOKEN),
      outputTextTokens: OUTPUT_TOKENS,
      inputAudioTokens: 0,
      cachedTextTokens: 0,
      cachedAudioTokens: 0,
      outputAudioTokens: 0,
      seconds: null,
    });
    // A model without a price is not asked, and that says why.
    if (!priced.ok) return;
    const wanted = micros(priced.value.cost + priced.value.markup);
    const refusal = await refuseSpending(db, scope, { what: "an answer", wanted, now });
    if (!refusal) return;
    const { reason, limit, value, sentence } = refusal;
    const entry = { ...scope, at: now, actor: `agent ${agentSlug}`, action: "chat.refused", subject: threadId };
    await writeAudit(db, { ...entry, detail: { reason, limit, value } }).catch((error: unknown) =>
      log.warn({ err: error, threadId, reason }, "a refused answer is not in the audit log"),
    );
    throw new Fault("resource_exhausted", sentence);
  };
}
