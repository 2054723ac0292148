/**
 * What was under way when a process died is estimated once nobody can report it any more, at the platform's cost and flagged; and what a node
 * did not report is taken back as soon as somebody does report it.
 */
import { correction, estimateAnswer, estimateResponse, inFlight, priceTokens, type TokensUsed, unseenUtteranceMs } from "@struere/domain";
import { NO_MONEY } from "@struere/kernel";
import {
  bookedUses,
  type CallUsage,
  closeTextRequests,
  type EntryToPost,
  listOvertakenEstimates,
  listUnansweredText,
  listUncheckedCalls,
  listUsage,
  markEstimatesChecked,
  postEntries,
  type Scope,
  type UncheckedCall,
  type UnfinishedEpoch,
  unfinishedEpochs,
} from "@struere/store";
import type { BillingOptions } from "./bill-uses.ts";
import { tokensOfRow } from "./uses.ts";

/** A bus or a node that was away for ten minutes has told by then what it had to tell. */
export const ESTIMATE_AFTER_MS = 15 * 60_000;

export const estimateKey = (callId: string, epoch: number, source: "response" | "transcription"): string =>
  `estimate:${callId}:${epoch}:${source}`;

const unansweredKey = (requestId: string): string => `unanswered:${requestId}`;

/** @returns how many calls were looked through. */
export async function estimateUnreported(options: BillingOptions, limit: number): Promise<number> {
  const { db, clock } = options;
  const calls = await listUncheckedCalls(db, { endedBefore: new Date(clock.wall() - ESTIMATE_AFTER_MS), limit });
  for (const call of calls) {
    const scope: Scope = { organizationId: call.organization_id, environment: call.environment };
    const epochs = await unfinishedEpochs(db, call.id);
    if (epochs.length > 0) {
      const usage = await listUsage(db, scope, call.id);
      const entries = (await Promise.all(epochs.map((epoch) => entriesOf(options, call, epoch, usage)))).flat();
      await postEntries(db, scope, entries, new Date(clock.wall()));
    }
    await markEstimatesChecked(db, call.id, new Date(clock.wall()));
  }
  return calls.length;
}

/**
 * Answers of text models that nobody lived to read. @param cardNow of text that belongs to no call.
 * @returns how many were asked for.
 */
export async function estimateUnanswered(options: BillingOptions & { readonly cardNow: string }, limit: number): Promise<number> {
  const { db, clock, cards, cardNow } = options;
  const unanswered = await listUnansweredText(db, { askedBefore: new Date(clock.wall() - ESTIMATE_AFTER_MS), limit });
  for (const asked of unanswered) {
    const scope: Scope = { organizationId: asked.organization_id, environment: asked.environment };
    const card = await cards.find(asked.call_rate_card_version ?? cardNow);
    const priced = card && priceTokens(card, asked.model, estimateAnswer(asked.input_chars, asked.earlier));
    if (card && priced?.ok) {
      const { cost, lines } = priced.value;
      const entry: EntryToPost = {
        entry: { kind: "charge", key: unansweredKey(asked.id), holdId: null, to: "unobserved", cost, markup: NO_MONEY, payer: "platform" },
        actor: "biller",
        ...(asked.call_id === null ? {} : { callId: asked.call_id }),
        threadId: asked.thread_id,
        source: asked.by_auditor ? "audit" : asked.purpose,
        model: asked.model,
        rateCardVersion: card.version,
        estimated: true,
        lines,
        occurredAt: asked.asked_at,
        note: "under way when the process that had asked was lost",
      };
      await postEntries(db, scope, [entry], new Date(clock.wall()));
    }
    await closeTextRequests(db, [asked.id]);
  }
  return unanswered.length;
}

/** @returns how many estimates were taken back. */
export async function takeBackOvertaken({ db, clock }: BillingOptions, limit: number): Promise<number> {
  const overtaken = await listOvertakenEstimates(db, limit);
  for (const { organization_id: organizationId, environment, key, call_id: callId } of overtaken) {
    const scope: Scope = { organizationId, environment };
    const use = (await bookedUses(db, scope, [key])).get(key);
    if (!use) continue;
    const nothing = { account: "models", vendorCost: NO_MONEY, cardCost: NO_MONEY, markup: NO_MONEY } as const;
    const entry = { kind: "adjustment", key: `${key}:reported`, postings: correction(use.booked, nothing) } as const;
    await postEntries(
      db,
      scope,
      [{ entry, actor: "biller", callId, corrects: key, note: "it was reported after all" }],
      new Date(clock.wall()),
    );
  }
  return overtaken.length;
}

async function entriesOf(
  { cards }: BillingOptions,
  call: UncheckedCall,
  { epoch, signs, untranscribedMs, unendedMs }: UnfinishedEpoch,
  usage: readonly CallUsage[],
): Promise<readonly EntryToPost[]> {
  const card = await cards.find(call.rate_card_version);
  if (!card || !call.config) return [];
  const { voice, agent } = call.config;
  const estimate = (source: "response" | "transcription", model: string, used: TokensUsed): readonly EntryToPost[] => {
    const priced = priceTokens(card, model, used);
    if (!priced.ok) return [];
    const { cost, lines } = priced.value;
    const key = estimateKey(call.id, epoch, source);
    return [
      {
        entry: { kind: "charge", key, holdId: null, to: "unobserved", cost, markup: NO_MONEY, payer: "platform" },
        actor: "biller",
        callId: call.id,
        source,
        model,
        rateCardVersion: card.version,
        estimated: true,
        lines,
        occurredAt: call.ended_at ?? call.created_at,
        note: `under way when the node of epoch ${epoch} was lost`,
      },
    ];
  };
  const is = inFlight(signs);
  const spokenMs = untranscribedMs + (unendedMs === null ? 0 : unseenUtteranceMs(unendedMs));
  const earlier = usage.filter((row) => row.source === "response" && row.epoch <= epoch).map(tokensOfRow);
  return [
    ...(is === "nothing" ? [] : estimate("response", voice.model, estimateResponse(is, earlier, agent.instructions.length))),
    ...(spokenMs > 0 ? estimate("transcription", voice.transcriptionModel, spokenFor(spokenMs)) : []),
  ];
}

function spokenFor(ms: number): TokensUsed {
  return {
    inputTextTokens: 0,
    inputAudioTokens: 0,
    cachedTextTokens: 0,
    cachedAudioTokens: 0,
    outputTextTokens: 0,
    outputAudioTokens: 0,
    seconds: ms / 1_000,
  };
}
