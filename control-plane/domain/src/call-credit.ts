/**
 * The credit of one call: how much is reserved before it begins, when more is, and when it has to come to its end.
 *
 *     ├──── end ────┼──────── wrap up ────────┼──────── quantum ────────┤ full
 *
 * `end` is what a call ordinarily still costs once it is told to end, `wrap up` the time in which the agent brings it to an end by itself. A
 * call begins with the full reserve or not at all. While it lasts, charges are captured out of its hold, and the hold is filled up again as
 * long as credit and caps have room. When they have none, the agent is told to wrap up, and then the call is ended: out of its own
 * reserve, and at no other call's expense.
 *
 * Telephony is charged when a call is over, so what of it has been used is reserved all the time. What a response costs is not known
 * before it is done; it is taken to be as much as the dearest one of this call until now.
 */
import { err, type Micros, micros, NO_MONEY, ok, type Result } from "@struere/kernel";
import { LEASE_RENEW_MS } from "./call-record.ts";
import { type CarrierUse, type PriceProblem, priceTokens, type RateCard, roundHalfUp, telephonyRate } from "./rate-card.ts";

/** What a call costs, markup included. */
export interface CallPrice {
  /** While both sides speak: audio in and out, and transcription. */
  readonly second: Micros;
  /** Telephony and the media stream, for each started minute. */
  readonly minute: Micros;
  /** The dearest response until now; before the first one, what reading the instructions once costs. */
  readonly response: Micros;
}

export interface CallReserve {
  readonly end: Micros;
  readonly wrapUp: Micros;
  readonly full: Micros;
}

/** Between being told to end and the end, ordinarily: the news travels, somebody finishes a sentence, goodbye is said. */
const END_S = 20;
const END_RESPONSES = 2;
const WRAP_UP_S = 45;
const QUANTUM_S = 60;

/** Tokens of instructions and tools that a call is assumed to begin with. */
const OPENING_TOKENS = 4_000;
/** platform.openai.com/docs/guides/realtime-costs: the caller's audio is ten tokens a second, the agent's twenty. */
const CALLER_TOKENS_PER_S = 10;
const AGENT_TOKENS_PER_S = 20;
/** Prices of a second are small: they are taken of a thousand. */
const SECONDS = 1_000;

export interface PricedCall extends Pick<CarrierUse, "direction" | "called"> {
  readonly model: string;
  readonly transcriptionModel: string;
}

/** @returns the sentence about the first thing without a price. */
export function callPrice(card: RateCard, call: PricedCall): Result<CallPrice, PriceProblem> {
  const audio = priceTokens(card, call.model, {
    ...NO_TOKENS,
    inputAudioTokens: SECONDS * CALLER_TOKENS_PER_S,
    outputAudioTokens: SECONDS * AGENT_TOKENS_PER_S,
  });
  if (!audio.ok) return audio;
  const words = priceTokens(card, call.transcriptionModel, { ...NO_TOKENS, seconds: SECONDS });
  if (!words.ok) return words;
  const opening = priceTokens(card, call.model, { ...NO_TOKENS, inputTextTokens: OPENING_TOKENS });
  if (!opening.ok) return opening;
  const carrier = telephonyRate(card, call);
  if (!carrier.ok) return err(carrier.problem);
  const talk = audio.value.cost + audio.value.markup + words.value.cost + words.value.markup;
  return ok({
    second: roundHalfUp(talk, BigInt(SECONDS)),
    minute: marked(card, micros(carrier.value.perMinute + (card.mediaStreamPerMinute ?? 0))),
    response: micros(opening.value.cost + opening.value.markup),
  });
}

/** @param lastedMs since it was answered; 0 before. */
export function callReserve(price: CallPrice, lastedMs: number): CallReserve {
  // What was used, and the minute that begins while it ends.
  const minutes = BigInt(Math.floor(Math.max(0, lastedMs) / 60_000) + 2);
  const end = minutes * price.minute + BigInt(END_S) * price.second + BigInt(END_RESPONSES) * price.response;
  const wrapUp = end + BigInt(WRAP_UP_S) * price.second;
  // A card without prices reserves something, too: a hold is more than nothing.
  const full = wrapUp + BigInt(QUANTUM_S) * price.second + 1n;
  return { end: micros(end), wrapUp: micros(wrapUp), full: micros(full) };
}

/** A call whose caller talks to a person: two calls at the carrier, and no agent that could be told anything. */
export interface TransferredCall {
  /** Of the call itself, since it was answered, and of the leg to the person. */
  readonly lastedMs: number;
  readonly legMs: number;
  /** The leg's price, markup included. */
  readonly legMinute: Micros;
}

/** A moment's notice is none: it may go on as long as what it has used, and the minutes that begin while it is cut, are reserved. */
export function transferReserve({ minute }: Pick<CallPrice, "minute">, { lastedMs, legMs, legMinute }: TransferredCall): CallReserve {
  const begun = (ms: number): bigint => BigInt(Math.floor(Math.max(0, ms) / 60_000) + 1);
  const used = begun(lastedMs) * minute + begun(legMs) * legMinute;
  const end = used + minute + legMinute;
  return { end: micros(end), wrapUp: micros(end), full: micros(end + 2n * (minute + legMinute) + 1n) };
}

/** How much more to reserve; zero: enough is left for a while. */
export function refill(reserve: CallReserve, remaining: Micros): Micros {
  const half = (reserve.full + reserve.wrapUp) / 2n;
  return remaining >= half ? NO_MONEY : micros(reserve.full - remaining);
}

export type CallAdvice = { readonly action: "wrap_up" | "end_call"; readonly reason: AdviceReason };
export type AdviceReason = "credit_low" | "credit_exhausted" | "spend_cap_near" | "spend_cap";

/**
 * After it was tried to fill up the hold.
 * @param shortOf what kept it from being filled up; `null`: nothing did.
 */
export function callAdvice(reserve: CallReserve, remaining: Micros, shortOf: "credit" | "cap" | null): CallAdvice | null {
  if (shortOf === null || remaining >= reserve.wrapUp) return null;
  if (remaining >= reserve.end) return { action: "wrap_up", reason: shortOf === "credit" ? "credit_low" : "spend_cap_near" };
  return { action: "end_call", reason: shortOf === "credit" ? "credit_exhausted" : "spend_cap" };
}

/** How often running calls are looked at. */
export const WATCH_CREDIT_MS = 2_000;
/** Usage is posted within this after it was reported, while bus and database answer. */
const POSTED_MS = 2_000;

/**
 * What media nodes keep to, whatever callers, tools and the vendor do: proto/struere/voice/v1/call_control.proto. A call that is told to end
 * waits at most so long for the end of a sentence; then it hears nothing more, and after `endMs` it uses nothing more. The goodbye is asked
 * for at most so often. And no more than so many responses begin within a window, after which a call is ended.
 */
export const MEDIA_CONTRACT = {
  adviceWaitMs: 5_000,
  endMs: 40_000,
  farewellResponses: 4,
  windowMs: 15_000,
  responsesInWindow: 16,
} as const;

/**
 * What calls can at most spend beyond what was reserved for them, between the moment at which their reserve is down to `end` and the last
 * thing that they use: while the planes, the bus and the database reach each other. An outage ends no call, and costs what calls cost
 * while it lasts.
 *
 * That moment is seen once the usage is posted and the call looked at, and the node hears of it with the next answer to its lease, or the
 * one after. Until it has waited for the end of a sentence, responses begin as fast as they may; the one that was in flight is not
 * known yet, and the goodbye follows. Time on the line goes on to the end. What auditors and classifiers answer is no part of it: each such
 * answer has a reserve of its own, like any other in writing (answer-price.ts).
 * @param price.response the dearest response of all
 */
export function overdraftBound(price: CallPrice, calls: number): Micros {
  const { adviceWaitMs, endMs, farewellResponses, windowMs, responsesInWindow } = MEDIA_CONTRACT;
  const unseenMs = POSTED_MS + WATCH_CREDIT_MS + 2 * LEASE_RENEW_MS;
  const windows = Math.ceil((unseenMs + adviceWaitMs) / windowMs);
  const responses = 1 + windows * responsesInWindow + farewellResponses;
  const seconds = Math.ceil((unseenMs + endMs) / 1_000);
  const worst = BigInt(responses) * price.response + BigInt(seconds) * price.second + 2n * price.minute;
  const reserved = callReserve(price, 0).end;
  return micros(BigInt(calls) * (worst > reserved ? worst - reserved : 0n));
}

const NO_TOKENS = {
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
  seconds: null,
};

const marked = (card: RateCard, cost: Micros): Micros => micros(cost + roundHalfUp(cost * BigInt(card.markupBps), 10_000n));
