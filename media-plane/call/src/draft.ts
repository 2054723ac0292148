/**
 * One step in the making. `reduce` copies the top of the state once, the machines' answers are put into the copy, the effects collected
 * beside it, and both are handed out together. Nothing of a draft outlives the step, so that nobody can tell that it was ever mutable;
 * and an event that concerns one small machine costs one shallow copy, however large the call is.
 */
import type { Effect } from "./effect.ts";
import type { CallParts, CallState, Closing, Ending, InCall } from "./state.ts";

export interface Draft {
  readonly at: number;
  readonly effects: Effect[];
  readonly call: { -readonly [Part in keyof CallParts]: CallParts[Part] };
  stage: Stage;
}

export type Stage =
  | { readonly phase: "connecting" }
  | { readonly phase: "live" }
  | { readonly phase: "closing"; readonly closing: Closing }
  | ({ readonly phase: "ended" } & Ending);

/** @param at of the event; time that goes back stands still instead. */
export function draftOf(state: InCall, at: number): Draft {
  const now = Math.max(at, state.call.at);
  const stage: Stage = state.phase === "closing" ? { phase: "closing", closing: state.closing } : { phase: state.phase };
  return { at: now, effects: [], call: { ...state.call, at: now }, stage };
}

export function stateOf(draft: Draft): CallState {
  const { stage, call, at } = draft;
  switch (stage.phase) {
    case "connecting":
    case "live":
      return { phase: stage.phase, call };
    case "closing":
      return { phase: "closing", closing: stage.closing, call };
    case "ended":
      return { ...stage, at };
  }
}

export function emit(draft: Draft, effect: Effect): void {
  draft.effects.push(effect);
}

/** @param name low-cardinality: it becomes a label of a counter. */
export function note(draft: Draft, name: string, value = 1): void {
  draft.effects.push({ type: "note", name, value });
}

export function mintRequest(draft: Draft): string {
  draft.call.requests += 1;
  return `r${draft.call.config.epoch}.${draft.call.requests}`;
}

export function isLive(draft: Draft): boolean {
  return draft.stage.phase === "live";
}

/** There is a model that can be talked to. */
export function hasModel(draft: Draft): boolean {
  return draft.call.model.state === "open";
}
