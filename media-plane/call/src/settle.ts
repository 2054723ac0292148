/**
 * The second kind of transition: what follows from the state itself, by whatever way it was reached. After each event the rules below are
 * tried from the top until none applies; so "the agent may speak now" is written once, and not behind each of the events that can make it
 * true. Time is part of the state: a wait that is over is a rule that applies, and the clock's strike is only a reason to look.
 *
 * The order matters where two rules could apply: what is overdue before what is next, silence before speech, the urgent before the polite.
 */
import { assert } from "@struere/kernel";
import { followAdvice } from "./advice.ts";
import { askFarewell, askNow, tell } from "./asking.ts";
import { endCallerWaits, passKeysOn } from "./caller.ts";
import { closeFurther, closeNow, closeWithFarewell } from "./closing.ts";
import { FAREWELL_SILENT, FAREWELL_TIME, NUDGE } from "./directive.ts";
import { type Draft, emit, isLive } from "./draft.ts";
import { earliestDeadline } from "./deadline.ts";
import { injectFurther, isTurnBoundary } from "./inject.ts";
import { FAREWELL_START_MS, SHIELD_MS } from "./limits.ts";
import { openFurther } from "./opening.ts";
import { announceFloor, closeHeard, fallSilent, publishFinal } from "./play-out.ts";
import { totalHeardMs } from "./playback.ts";
import { ask, isFree, isQuiet } from "./response.ts";
import { routeFurther } from "./route.ts";
import { isHolding } from "./routing.ts";
import { isGivenUp, nudged, quiet, silenceDeadline } from "./silence.ts";
import { isDead } from "./telephony-leg.ts";
import { dismissHeldTransfer, endToolWaits, fillToolSilence, noticeToolSilence, runHeldTransfer } from "./tool-calls.ts";
import { playTones } from "./key-tones.ts";
import { areTonesDue } from "./tones.ts";
import { hasFloor, isAnsweredByVendor, isOursToAnswer, isSpeaking, unshielded } from "./turn.ts";
import { watchResponse } from "./watch.ts";

const RULES: readonly ((draft: Draft) => boolean)[] = [
  openFurther,
  closeHeard,
  publishFinal,
  endCallerWaits,
  endToolWaits,
  watchResponse,
  endForReason,
  followAdvice,
  lowerShield,
  bargeIn,
  runHeldTransfer,
  playTones,
  routeFurther,
  injectFurther,
  passKeysOn,
  speakNext,
  fillToolSilence,
  breakSilence,
  askFarewell,
  closeFurther,
];

/** More rounds than any state needs: rules that keep each other going are a fault of ours. */
const ROUNDS_MAX = 1_000;

export function settle(draft: Draft): void {
  let rounds = 0;
  while (applyFirst(draft)) {
    rounds += 1;
    assert(rounds < ROUNDS_MAX, "the rules of a call come to rest");
  }
  if (draft.stage.phase !== "ended") announceFloor(draft);
  arm(draft);
}

function applyFirst(draft: Draft): boolean {
  const { stage } = draft;
  if (stage.phase === "ended") return false;
  if (stage.phase === "closing" && stage.closing.step.name === "recording") return closeFurther(draft);
  noticeSilence(draft);
  noticeToolSilence(draft);
  return RULES.some((rule) => rule(draft));
}

/** A line without media is dead, and no call lasts forever. */
function endForReason(draft: Draft): boolean {
  const { call, at, stage } = draft;
  if (stage.phase === "closing") return false;
  if (isLive(draft) && isDead(call.telephony, at)) {
    closeNow(draft, { outcome: "failed", reason: "no_media" });
    return true;
  }
  if (at < call.startedAt + call.config.maxDurationMs) return false;
  const ending = { outcome: "stopped", reason: "max_duration" } as const;
  if (isLive(draft)) closeWithFarewell(draft, ending, { ask: ask("farewell"), tell: FAREWELL_TIME, startMs: FAREWELL_START_MS });
  else closeNow(draft, ending);
  return true;
}

/** The greeting is safe from echo until a second of it was heard, or it is over. */
function lowerShield(draft: Draft): boolean {
  const { call } = draft;
  if (call.turn.shield === "down") return false;
  const isOver = isQuiet(call.response) && call.playback.items.length === 0;
  if (!isOver && totalHeardMs(call.playback) < SHIELD_MS) return false;
  call.turn = unshielded(call.turn);
  return true;
}

/** The caller speaks while the agent does, or is about to: the caller has the floor. */
function bargeIn(draft: Draft): boolean {
  const { call } = draft;
  if (!isLive(draft) || !isSpeaking(call.turn) || call.turn.shield === "up") return false;
  const { slot } = call.response;
  const isComing = slot.state === "active" || (slot.state === "requested" && !slot.unwanted);
  if (!isComing && call.playback.items.length === 0) return false;
  fallSilent(draft, { interrupted: true, tellModel: true });
  dismissHeldTransfer(draft);
  return true;
}

/** Whatever the model is owed to go on with: a retry, the results of tools, an answer to the caller. */
function speakNext(draft: Draft): boolean {
  const { call, at } = draft;
  const { next } = call.response;
  if (areTonesDue(call.tones)) return false;
  const farewell = draft.stage.phase === "closing" && draft.stage.closing.step.name === "farewell";
  if (!(isLive(draft) || farewell) || !isFree(call.response)) return false;
  if (isLive(draft) && (hasFloor(call.turn) || isAnsweredByVendor(call.turn, at))) return false;
  if (next) {
    if (at < next.notBefore) return false;
    askNow(draft, next.ask);
    return true;
  }
  if (farewell) return false;
  if (isHolding(call.routing)) return false;
  if (call.tools.owed) askNow(draft, ask("tool_result"));
  else if (isOursToAnswer(call.turn, at)) askNow(draft, ask("reply"));
  else return false;
  return true;
}

/** Nobody has said anything for too long. */
function breakSilence(draft: Draft): boolean {
  const { call, at } = draft;
  if (!isLive(draft) || at < silenceDeadline(call.silence)) return false;
  if (isGivenUp(call.silence)) {
    const ending = { outcome: "completed", reason: "caller_silent" } as const;
    closeWithFarewell(draft, ending, { ask: ask("farewell"), tell: FAREWELL_SILENT, startMs: FAREWELL_START_MS });
    return true;
  }
  call.silence = nudged(call.silence);
  tell(draft, "system", NUDGE);
  askNow(draft, ask("nudge"));
  return true;
}

function noticeSilence(draft: Draft): void {
  const { call, at } = draft;
  const isQuietNow = isLive(draft) && isTurnBoundary(draft) && call.tools.running.length === 0 && call.keys.digits === "";
  call.silence = quiet(call.silence, isQuietNow, at);
}

/** The one timer, set only when it has to change. */
function arm(draft: Draft): void {
  const { call, stage } = draft;
  const earliest = earliestDeadline(stage, call, draft.at);
  if (earliest === call.armedAt) return;
  call.armedAt = earliest;
  emit(draft, { type: "clock.arm", at: earliest });
}
