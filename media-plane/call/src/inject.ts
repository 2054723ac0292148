/**
 * Carrying out what injection.ts keeps account of: taking in, saying at the right moment, and giving the receipt.
 *
 * The model gets the message twice: as a system message, which stays in its memory, and in the instructions of the one response that shall say
 * it. An abort or a complete becomes the call's last words (closing.ts). What must stay true: every injection taken in leaves by exactly one
 * receipt, whatever happens to the call.
 */
import { askNow, tell } from "./asking.ts";
import { closeWithFarewell } from "./closing.ts";
import { correction, farewell, sayNow } from "./directive.ts";
import { type Draft, isLive, note } from "./draft.ts";
import type { EventOf } from "./event.ts";
import { beginsSpeaking, endsSpeaking, expired, type Injected, isSeen, putRight, queued, seen, successor, unqueued } from "./injection.ts";
import { FAREWELL_START_MS } from "./limits.ts";
import { fallSilent } from "./play-out.ts";
import { publishEvent, sendReceipt } from "./record.ts";
import { ask, isQuiet } from "./response.ts";
import { areTonesDue } from "./tones.ts";
import { hasFloor } from "./turn.ts";

export function auditorInjected(draft: Draft, event: EventOf<"auditor.injected">): void {
  const { call, at, stage } = draft;
  const { injectionId, action, message, expiresAt } = event;
  if (isSeen(call.injection, injectionId)) return note(draft, "injection_repeated");
  call.injection = seen(call.injection, injectionId);
  if (stage.phase === "closing") return sendReceipt(draft, event, { outcome: "refused", reason: "call_over" });
  if (at >= expiresAt) return sendReceipt(draft, event, { outcome: "expired" });
  if (action !== "abort" && call.injection.abort) return sendReceipt(draft, event, { outcome: "superseded", reason: "aborting" });
  publishEvent(draft, "injection.taken", { injectionId, action });
  const { field = null, value = null, basedOn = call.transcript.nextPosition - 1 } = event;
  enqueue(draft, { injectionId, action, message, expiresAt, field, value, basedOn, told: false });
}

/** State-triggered: says what may be said now, takes back what is too late. True if something was done. */
export function injectFurther(draft: Draft): boolean {
  const { call, at } = draft;
  const late = expired(call.injection, at);
  if (late) {
    call.injection = unqueued(call.injection, late);
    sendReceipt(draft, late, { outcome: "expired" });
    return true;
  }
  const needless = putRight(call.injection);
  if (needless) {
    call.injection = unqueued(call.injection, needless);
    sendReceipt(draft, needless, { outcome: "superseded", reason: "put_right" });
    return true;
  }
  if (finishSpeaking(draft)) return true;
  if (!isLive(draft)) return false;
  const { abort, complete, corrections, quietUntil } = call.injection;
  const [waits] = corrections;
  if (abort) return lastWords(draft, abort, "stopped", "auditor_aborted");
  if (!isTurnBoundary(draft)) return false;
  if (complete) return lastWords(draft, complete, "completed", "auditor_completed");
  if (!waits || at < quietUntil) return false;
  call.injection = beginsSpeaking(call.injection, waits);
  const directive = correction(waits.message);
  if (!waits.told) tell(draft, "system", directive);
  askNow(draft, ask("injection", sayNow(call.routing.agent.instructions, directive)));
  return true;
}

/** Nobody speaks, nobody is about to, and nobody is owed a word. */
export function isTurnBoundary(draft: Draft): boolean {
  const { response, playback, turn, tools, tones, injection } = draft.call;
  return (
    isQuiet(response) &&
    !areTonesDue(tones) &&
    playback.items.length === 0 &&
    !hasFloor(turn) &&
    turn.owed === null &&
    !tools.owed &&
    injection.speaking === null
  );
}

/** An abort or a complete: its message is the last thing that is said. */
function lastWords(draft: Draft, injected: Injected, outcome: "stopped" | "completed", reason: string): boolean {
  const { call } = draft;
  if (injected.action === "abort") fallSilent(draft, { interrupted: false, tellModel: true });
  const { speaking } = call.injection;
  if (speaking) sendReceipt(draft, speaking.injected, { outcome: "superseded", reason: "aborted", heardMs: speaking.heardMs });
  call.injection = beginsSpeaking(call.injection, injected);
  const directive = farewell(injected.message);
  closeWithFarewell(
    draft,
    { outcome, reason },
    { ask: ask("injection", sayNow(call.routing.agent.instructions, directive)), tell: directive, startMs: FAREWELL_START_MS },
  );
  return true;
}

/** Its response is over and nothing of it plays any more: was it heard? */
function finishSpeaking(draft: Draft): boolean {
  const { call, at, stage } = draft;
  const { speaking } = call.injection;
  if (!speaking || !isQuiet(call.response)) return false;
  const { injected, responseId, heardMs, interrupted } = speaking;
  if (stage.phase === "closing" && stage.closing.step.name === "farewell" && !stage.closing.step.asked) return false;
  if (call.playback.items.some((item) => item.responseId === responseId)) return false;
  call.injection = endsSpeaking(call.injection, at);
  if (responseId !== null && heardMs > 0 && !interrupted) sendReceipt(draft, injected, { outcome: "spoken", heardMs });
  else if (!isLive(draft)) sendReceipt(draft, injected, { outcome: "refused", reason: "call_over", heardMs });
  else if (injected.told) sendReceipt(draft, injected, { outcome: "superseded", reason: "interrupted", heardMs });
  else if (at >= injected.expiresAt) sendReceipt(draft, injected, { outcome: "expired", heardMs });
  else if (successor(call.injection, injected)) sendReceipt(draft, injected, { outcome: "superseded", reason: "newer", heardMs });
  else enqueue(draft, { ...injected, told: true });
  return true;
}

function enqueue(draft: Draft, injected: Injected): void {
  const [injection, displaced] = queued(draft.call.injection, injected);
  draft.call.injection = injection;
  for (const older of displaced)
    sendReceipt(draft, older, { outcome: "superseded", reason: injected.action === "abort" ? "aborted" : "newer" });
}
