/**
 * The one timer: the earliest moment at which a rule of settle.ts applies that does not apply now.
 *
 * Two kinds of moment. At a *deadline* something is done, so that one that has passed is gone; were it still there after a step, the clock
 * would strike without end, and invariant.ts says so. At a *gate* something becomes allowed, which may then still have to wait for something
 * else; a gate that is open is no reason to wake up.
 */
import { adviceDeadline } from "./advice.ts";
import { closingDeadline } from "./closing.ts";
import type { Stage } from "./draft.ts";
import { injectionDeadline } from "./injection.ts";
import { keysDeadline } from "./keys.ts";
import { modelDeadline } from "./model-leg.ts";
import { overdueAt } from "./playback.ts";
import { activeResponseId, rivalDeadline, slotDeadline } from "./response.ts";
import { TONES_WAIT_MS } from "./limits.ts";
import { routingDeadline } from "./routing.ts";
import { silenceDeadline } from "./silence.ts";
import type { CallParts } from "./state.ts";
import { nextLookAt } from "./telephony-leg.ts";
import { fillerDeadline, toolDeadline } from "./tools.ts";
import { transcriptDeadline } from "./transcript.ts";
import { answerDueAt, floorEndsAt } from "./turn.ts";

export function earliestDeadline(stage: Stage, call: CallParts, at: number): number | null {
  const earliest = earliestOf(stage, call, at);
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}

function earliestOf(stage: Stage, call: CallParts, at: number): number {
  if (stage.phase === "ended") return Number.POSITIVE_INFINITY;
  if (stage.phase === "closing" && stage.closing.step.name === "recording") return stage.closing.step.until;
  const { response, playback, turn, transcript, injection, tools } = call;
  const always = Math.min(
    slotDeadline(response.slot),
    rivalDeadline(response),
    overdueAt(playback, activeResponseId(response)),
    transcriptDeadline(transcript),
    floorEndsAt(turn),
    toolDeadline(tools),
    fillerDeadline(tools),
    call.tones.playsUntil ?? Number.POSITIVE_INFINITY,
    routingDeadline(call.routing),
    injectionDeadline(injection),
    gate(response.next?.notBefore, at),
  );
  switch (stage.phase) {
    case "closing":
      return Math.min(always, closingDeadline(stage));
    case "connecting":
      return Math.min(always, modelDeadline(call.model), call.startedAt + call.config.maxDurationMs);
    case "live":
      return Math.min(
        always,
        call.startedAt + call.config.maxDurationMs,
        // Only a strike brings the news that this waits for; one that is due and has not come yet comes at once.
        Math.max(nextLookAt(call.telephony, turn.caller.state === "speaking" ? turn.caller.since : null), at + 1),
        keysDeadline(call.keys),
        silenceDeadline(call.silence),
        adviceDeadline(call.advice),
        gate(answerDueAt(turn), at),
        call.tones.waiting === "" ? Number.POSITIVE_INFINITY : gate(call.tones.since + TONES_WAIT_MS, at),
        injection.corrections.length > 0 ? gate(injection.quietUntil, at) : Number.POSITIVE_INFINITY,
      );
  }
}

function gate(opensAt: number | undefined, at: number): number {
  return opensAt !== undefined && opensAt > at ? opensAt : Number.POSITIVE_INFINITY;
}
