/**
 * Nobody writes on credit that is gone: before the model is asked, the most that the answer can cost is reserved, so that answers which are under
 * way at once see each other. What is refused is in the audit log, and whoever asked is told which limit it was and what to do. A call's
 * auditor and classifier are no exception: what the call has reserved is for what is said in it.
 */
import { ANSWER_TOKENS_MAX, mostOfAnswer, type RateCard } from "@struere/domain";
import { type ApiKeyId, type Clock, Fault, type ThreadId } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { type Db, readRoom, reserveAnswer, type Scope, writeAudit } from "@struere/store";
import { modelInfo } from "struere";
import type { ModelSettings } from "./model-settings.ts";

/** Who pays for an answer, and whose caps it counts against. */
export interface Payer {
  readonly agentSlug: string;
  /** `null`: no key's. */
  readonly keyId: ApiKeyId | null;
}

export interface AnswerToPay {
  readonly requestId: string;
  readonly threadId: ThreadId;
  readonly payer: Payer;
  readonly settings: ModelSettings;
  /** Of all that the model is sent. */
  readonly chars: number;
}

/** There is no room for an answer. */
export class NoRoom extends Fault {
  constructor(sentence: string) {
    super("resource_exhausted", sentence);
  }
}

/**
 * @returns how long the answer may be at most, where credit was reserved for it; `null`: nothing was reserved, since nothing is limited.
 * @throws NoRoom
 */
export type ReserveAnswer = (scope: Scope, answer: AnswerToPay) => Promise<number | null>;

export function reserving(services: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly rateCard: RateCard;
}): ReserveAnswer {
  const { db, clock, log, rateCard } = services;
  return async (scope, { requestId, threadId, payer, settings, chars }) => {
    const { keyId, agentSlug } = payer;
    const { model, maxOutputTokens } = settings;
    const outputTokensMax = maxOutputTokens ?? Math.min(ANSWER_TOKENS_MAX, modelInfo(model)?.maxOutputTokens ?? ANSWER_TOKENS_MAX);
    const most = mostOfAnswer(rateCard, { model, chars, outputTokensMax });
    // A model without a price is not asked, and that says why.
    if (!most.ok || most.value === 0n) return null;
    if (!(await readRoom(db, scope, keyId)).limitsSpending) return null;
    const now = new Date(clock.wall());
    const reserved = await reserveAnswer(db, scope, { requestId, threadId, keyId, wanted: most.value, now });
    if (reserved.ok) return reserved.value ? outputTokensMax : null;
    const { reason, limit, value, sentence } = reserved.problem;
    const entry = { ...scope, at: now, actor: `agent ${agentSlug}`, action: "chat.refused", subject: threadId };
    await writeAudit(db, { ...entry, detail: { reason, limit, value } }).catch((error: unknown) =>
      log.warn({ err: error, threadId, reason }, "a refused answer is not in the audit log"),
    );
    throw new NoRoom(sentence);
  };
}
