/**
 * One voice: at most one response of the conversation is in flight, and this machine knows which.
 *
 *     idle ──asked──▶ requested ──created──▶ active ──done──▶ idle
 *       └──created (the vendor's VAD asked)──▶ │ └─cancelled─▶ cancelling ──done──▶ idle
 *
 * The vendor accepts one writer at a time, and its own VAD is a second writer beside us. So three things happen that look impossible:
 *  - our request is refused because a response is active that we have not heard of. It waits as `next`, until that one is done.
 *  - the vendor's response takes the slot while ours is still unanswered. Ours is the `rival`: it will be refused, or, if it is created
 *    after all, it is the younger of two and is discarded.
 *  - a request is not wanted any more before it was created. It can not be taken back, so it is cancelled when it appears (`unwanted`).
 *
 * Nothing is waited for without end: not created, no first audio, audio that stands still, no end, no end after a cancel; each has its
 * deadline (`responseDeadline`), and what follows is decided by `watch.ts`. What to say next is not decided here either.
 */
import { BUSY_MS, CANCELLED_MS, CREATED_MS, DISCARDED_MAX, DONE_MS, FIRST_AUDIO_MS, RESPONSES_REMEMBERED, STALLED_MS } from "./limits.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";
import type { ResponsePurpose } from "./effect.ts";

/** Something that the model is asked to say. */
export interface Ask {
  readonly purpose: ResponsePurpose;
  readonly instructions: string | null;
  /** How often it has been asked for before, in vain. */
  readonly attempt: number;
  /** How often it was refused because of another response. */
  readonly refusals: number;
}

export type Slot =
  | { readonly state: "idle" }
  | {
      readonly state: "requested";
      readonly ask: Ask;
      readonly requestId: string;
      readonly since: number;
      readonly unwanted: boolean;
    }
  | {
      readonly state: "active";
      readonly ask: Ask;
      readonly responseId: string;
      /** What has come of its audio, and when that last changed. */
      readonly audio: "none" | "moving" | "finished";
      readonly movedAt: number;
    }
  | { readonly state: "cancelling"; readonly responseId: string; readonly requestId: string; readonly since: number };

export interface Response {
  readonly slot: Slot;
  /** To be asked for when the slot is free and the moment has come. */
  readonly next: { readonly ask: Ask; readonly notBefore: number } | null;
  /** Our request that the vendor's own response overtook; `ask` is null when nobody wants it any more. */
  readonly rival: { readonly requestId: string; readonly ask: Ask | null; readonly since: number } | null;
  /** On their way out, never heard. */
  readonly discarded: Recent;
  readonly over: Recent;
}

const IDLE: Slot = { state: "idle" };

export const NO_RESPONSE: Response = { slot: IDLE, next: null, rival: null, discarded: NOTHING_RECENT, over: NOTHING_RECENT };

export function ask(purpose: ResponsePurpose, instructions: string | null = null): Ask {
  return { purpose, instructions, attempt: 0, refusals: 0 };
}

/** A response of the vendor's own making answers what the caller said; what somebody else wants said it does not. */
export function isAnsweredByAnyReply(asked: Ask): boolean {
  return asked.purpose !== "injection" && asked.purpose !== "farewell";
}

/** Said beside the conversation: it answers nothing and knows no results. */
export function isAside(asked: Ask): boolean {
  return asked.purpose === "nudge" || asked.purpose === "filler";
}

/** No response is in flight, and none of our requests is unanswered. */
export function isFree(response: Response): boolean {
  return response.slot.state === "idle" && response.rival === null;
}

/** Nothing is in flight and nothing waits to be. */
export function isQuiet(response: Response): boolean {
  return isFree(response) && response.next === null;
}

/** The response that may still produce audio to be heard. */
export function activeResponseId(response: Response): string | null {
  return response.slot.state === "active" ? response.slot.responseId : null;
}

/** Only when `isFree`. */
export function requested(response: Response, request: { readonly ask: Ask; readonly requestId: string; readonly at: number }): Response {
  const { ask: asked, requestId, at } = request;
  return { ...response, next: null, slot: { state: "requested", ask: asked, requestId, since: at, unwanted: false } };
}

export type Created =
  /** It has the slot. `unwanted`: only to be cancelled at once. */
  | { readonly is: "active"; readonly response: Response; readonly ask: Ask; readonly unwanted: boolean }
  /** The younger of two: to be cancelled, never heard. */
  | { readonly is: "younger"; readonly response: Response }
  | { readonly is: "known"; readonly response: Response };

/** @param requestId of our request when it is ours, null when the vendor's VAD asked. */
export function created(
  response: Response,
  news: { readonly responseId: string; readonly requestId: string | null; readonly at: number },
): Created {
  const { responseId, requestId, at } = news;
  const { slot } = response;
  if (isKnown(response, responseId)) return { is: "known", response };
  const takes = (asked: Ask, rest: Partial<Response>): Response => ({
    ...response,
    ...rest,
    slot: { state: "active", ask: asked, responseId, audio: "none", movedAt: at },
  });
  if (slot.state === "requested" && requestId === slot.requestId) {
    return { is: "active", response: takes(slot.ask, {}), ask: slot.ask, unwanted: slot.unwanted };
  }
  if (slot.state === "idle") {
    const rival = response.rival?.requestId === requestId ? response.rival : null;
    const asked = rival?.ask ?? ask("reply");
    const left = rival ? null : response.rival;
    return {
      is: "active",
      response: takes(asked, { rival: left, next: stillToAsk(response.next) }),
      ask: asked,
      // It was overtaken by an answer to the same words: a second one is nobody's wish.
      unwanted: rival !== null && (rival.ask === null || isAnsweredByAnyReply(rival.ask)),
    };
  }
  if (slot.state === "requested") {
    const rival = { requestId: slot.requestId, ask: slot.unwanted ? null : slot.ask, since: slot.since };
    return { is: "active", response: takes(ask("reply"), { rival, next: stillToAsk(response.next) }), ask: ask("reply"), unwanted: false };
  }
  const ours = response.rival?.requestId === requestId ? response.rival : null;
  return {
    is: "younger",
    response: {
      ...response,
      discarded: remember(response.discarded, responseId, DISCARDED_MAX),
      rival: ours ? null : response.rival,
      next: ours ? afterRival(response.next, ours.ask) : response.next,
    },
  };
}

/** Our request was answered by an error: there will be no response to it. */
export type Refused =
  | { readonly is: "slot"; readonly response: Response; readonly ask: Ask; readonly unwanted: boolean }
  | { readonly is: "rival"; readonly response: Response }
  /** The cancel had nothing to cancel: it is over already. */
  | { readonly is: "cancel"; readonly response: Response }
  | { readonly is: "unknown"; readonly response: Response };

export function refused(response: Response, requestId: string | null): Refused {
  const { slot, rival } = response;
  if (requestId === null) return { is: "unknown", response };
  if (slot.state === "requested" && slot.requestId === requestId) {
    return { is: "slot", response: { ...response, slot: IDLE }, ask: slot.ask, unwanted: slot.unwanted };
  }
  if (rival?.requestId === requestId) {
    return { is: "rival", response: { ...response, rival: null, next: afterRival(response.next, rival.ask) } };
  }
  if (slot.state === "cancelling" && slot.requestId === requestId) return { is: "cancel", response: ended(response, slot.responseId) };
  return { is: "unknown", response };
}

/** To be asked again, now or later. */
export function asksAgain(response: Response, again: Ask, notBefore: number): Response {
  return { ...response, next: { ask: again, notBefore } };
}

/** Refused because of a response that we do not know: wait for its end, or a second. */
export function asksWhenFree(response: Response, refusedAsk: Ask, at: number): Response {
  return asksAgain(response, { ...refusedAsk, refusals: refusedAsk.refusals + 1 }, at + BUSY_MS);
}

export type Done = {
  readonly response: Response;
  readonly was:
    | { readonly is: "heard"; readonly ask: Ask; readonly spoke: boolean }
    /** Cancelled or discarded: nothing of it counts, and nothing that it asked for is done. */
    | { readonly is: "dismissed" }
    | { readonly is: "over" };
};

/** A response is over. One whose beginning was never announced is taken for the one that we are waiting for. */
export function done(response: Response, responseId: string): Done {
  const { slot } = response;
  if (response.over.includes(responseId)) return { response, was: { is: "over" } };
  const after = ended(response, responseId);
  if (slot.state === "active" && slot.responseId === responseId) {
    return { response: after, was: { is: "heard", ask: slot.ask, spoke: slot.audio !== "none" } };
  }
  if (response.discarded.includes(responseId)) return { response: after, was: { is: "dismissed" } };
  if (slot.state === "requested") {
    const was: Done["was"] = slot.unwanted ? { is: "dismissed" } : { is: "heard", ask: slot.ask, spoke: false };
    return { response: { ...after, slot: IDLE }, was };
  }
  if (slot.state === "idle") return { response: after, was: { is: "heard", ask: ask("reply"), spoke: false } };
  return { response: after, was: { is: "dismissed" } };
}

/** Gives up the one in flight. Its end is awaited; a request that is not created yet is cancelled when it is. */
export function dismissed(response: Response, cancel: { readonly requestId: string; readonly at: number }): Response {
  const { slot } = response;
  if (slot.state === "requested") return { ...response, slot: { ...slot, unwanted: true } };
  if (slot.state !== "active") return response;
  return { ...response, slot: { state: "cancelling", responseId: slot.responseId, requestId: cancel.requestId, since: cancel.at } };
}

/** Nothing that waited to be said is wanted any more. */
export function withdrawn(response: Response): Response {
  const { next, rival } = response;
  return next || rival?.ask ? { ...response, next: null, rival: rival && { ...rival, ask: null } } : response;
}

/** Audio of the active response has come, moved, or come to its end. */
export function audioMoved(response: Response, responseId: string, audio: "moving" | "finished", at: number): Response {
  const { slot } = response;
  if (slot.state !== "active" || slot.responseId !== responseId) return response;
  return { ...response, slot: { ...slot, audio, movedAt: at } };
}

/** Waited long enough: whatever is in flight is over, as far as we are concerned. */
export function forgotten(response: Response): Response {
  const { slot } = response;
  if (slot.state === "idle") return response;
  return slot.state === "requested" ? { ...response, slot: IDLE } : ended(response, slot.responseId);
}

/** The rival was neither created nor refused. */
export function rivalForgotten(response: Response): Response {
  return { ...response, rival: null, next: afterRival(response.next, response.rival?.ask ?? null) };
}

/** When something must have happened to what is in flight. */
export function slotDeadline(slot: Slot): number {
  switch (slot.state) {
    case "idle":
      return Number.POSITIVE_INFINITY;
    case "requested":
      return slot.since + CREATED_MS;
    case "active":
      return slot.movedAt + (slot.audio === "none" ? FIRST_AUDIO_MS : slot.audio === "moving" ? STALLED_MS : DONE_MS);
    case "cancelling":
      return slot.since + CANCELLED_MS;
  }
}

export function rivalDeadline(response: Response): number {
  return response.rival ? response.rival.since + CREATED_MS : Number.POSITIVE_INFINITY;
}

function isKnown(response: Response, responseId: string): boolean {
  const { slot } = response;
  const inSlot = (slot.state === "active" || slot.state === "cancelling") && slot.responseId === responseId;
  return inSlot || response.discarded.includes(responseId) || response.over.includes(responseId);
}

function ended(response: Response, responseId: string): Response {
  const { slot, next } = response;
  const frees = (slot.state === "active" || slot.state === "cancelling") && slot.responseId === responseId;
  return {
    ...response,
    slot: frees ? IDLE : slot,
    // What waited for this end need not wait for the clock as well.
    next: next && next.ask.refusals > 0 ? { ...next, notBefore: 0 } : next,
    discarded: response.discarded.filter((id) => id !== responseId),
    over: remember(response.over, responseId, RESPONSES_REMEMBERED),
  };
}

function stillToAsk(next: Response["next"]): Response["next"] {
  return next && isAnsweredByAnyReply(next.ask) ? null : next;
}

function afterRival(next: Response["next"], asked: Ask | null): Response["next"] {
  return asked && !isAnsweredByAnyReply(asked) ? { ask: asked, notBefore: 0 } : next;
}
