/**
 * Asking the model to speak, asking again, and giving it up.
 *
 * Nothing that was to be said is dropped without a decision: what went wrong (`Trouble`) says how often it is tried again, after which
 * pause, and what happens when that did not help either: `lose` the model, because the caller would otherwise sit in silence, or `warn` and
 * leave it to the silence rule to bring the agent back.
 */
import { closeAfterPlayOut, closeWithoutModel, farewellAsked } from "./closing.ts";
import { type Draft, emit, hasModel, isLive, mintRequest, note } from "./draft.ts";
import { BACKOFF_MS, FADE_MS } from "./limits.ts";
import { publishEvent, warn } from "./record.ts";
import { type Ask, asksAgain, forgotten, isFree, requested, withdrawn } from "./response.ts";

export type Trouble = "unanswered" | "silent" | "stalled" | "empty" | "rejected" | "rate_limited" | "failed";

const REMEDY: { readonly [T in Trouble]: { readonly again: number; readonly backoffMs: number; readonly otherwise: "lose" | "warn" } } = {
  /** Neither created nor refused. */
  unanswered: { again: 3, backoffMs: 0, otherwise: "lose" },
  /** Created, but no audio came. */
  silent: { again: 1, backoffMs: 0, otherwise: "lose" },
  /** Audio came and stood still. */
  stalled: { again: 1, backoffMs: 0, otherwise: "lose" },
  /** Done, and nothing was said or called. */
  empty: { again: 1, backoffMs: 0, otherwise: "warn" },
  /** An error instead of a response. */
  rejected: { again: 2, backoffMs: BACKOFF_MS, otherwise: "lose" },
  /** A response that failed. */
  rate_limited: { again: 3, backoffMs: BACKOFF_MS, otherwise: "lose" },
  failed: { again: 1, backoffMs: BACKOFF_MS, otherwise: "lose" },
};

/** Asks now. Only when no response is in flight. */
export function askNow(draft: Draft, ask: Ask): void {
  const { call, at } = draft;
  if (!isFree(call.response) || !hasModel(draft)) return;
  const requestId = mintRequest(draft);
  const purpose = ask.attempt > 0 ? "retry" : ask.purpose;
  call.response = requested(call.response, { ask, requestId, at });
  // Before it: who is killed now leaves word that a response may be under way.
  publishEvent(draft, "response.asked", { purpose });
  emit(draft, { type: "model.request", requestId, purpose, instructions: ask.instructions });
}

/** A message of ours into the conversation. */
export function tell(draft: Draft, role: "system" | "user", text: string): void {
  if (hasModel(draft)) emit(draft, { type: "model.tell", requestId: mintRequest(draft), role, text });
}

/** The agent's last words are asked for, once the response before them is over. */
export function askFarewell(draft: Draft): boolean {
  const { stage, call } = draft;
  if (stage.phase !== "closing" || stage.closing.step.name !== "farewell" || !hasModel(draft)) return false;
  const { step } = stage.closing;
  if (step.asked || !isFree(call.response)) return false;
  tell(draft, "system", step.tell);
  askNow(draft, step.ask);
  farewellAsked(draft);
  return true;
}

/** It did not work: again, as long as that makes sense. */
export function askAgain(draft: Draft, ask: Ask, trouble: Trouble): void {
  const { call, at } = draft;
  if (!mayBeAsked(draft, ask)) return;
  // What comes next is the result itself.
  if (ask.purpose === "filler") return note(draft, `filler_${trouble}`);
  const { again, backoffMs, otherwise } = REMEDY[trouble];
  if (ask.attempt < again) {
    const pauseMs = backoffMs * 2 ** ask.attempt;
    call.response = asksAgain(call.response, { ...ask, attempt: ask.attempt + 1 }, at + pauseMs);
  } else if (otherwise === "lose") {
    giveUpModel(draft, trouble);
  } else {
    warn(draft, `response_${trouble}`);
  }
}

/** The leg is open, and of no use. */
export function giveUpModel(draft: Draft, code: string): void {
  emit(draft, { type: "model.close" });
  loseModel(draft, { code, fatal: false });
}

/** The leg of a call that was live is gone. What is playing may finish; the apology is the control plane's (TwiML after the stream). */
export function loseModel(draft: Draft, loss: { readonly code: string; readonly fatal: boolean }): void {
  const { call } = draft;
  const { leg } = call.model;
  const { code, fatal } = loss;
  call.model = { state: "gone", leg };
  call.response = withdrawn(forgotten({ ...call.response, rival: null }));
  publishEvent(draft, "model.lost", { leg, code, fatal });
  if (isLive(draft)) closeAfterPlayOut(draft, { outcome: "failed", reason: fatal ? "model_refused" : "model_lost" }, FADE_MS);
  else closeWithoutModel(draft);
}

/** While the call lives, anything; among its last words nothing but them. */
export function mayBeAsked(draft: Draft, ask: Ask): boolean {
  const { stage } = draft;
  if (stage.phase !== "closing") return stage.phase === "live";
  const { step } = stage.closing;
  return step.name === "farewell" && step.asked && ask.purpose === step.ask.purpose;
}
