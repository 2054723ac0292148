/** What is true of every state of a call, whatever has happened to it. Run after each step in tests and simulations. */
import { waiting } from "./injection.ts";
import {
  CORRECTIONS_MAX,
  CLOSING_MS,
  DISCARDED_MAX,
  KEYS_MAX,
  NUDGES_MAX,
  RESPONSES_IN_WINDOW_MAX,
  TONES_MAX,
  TOOLS_PER_CALL,
  TRANSFERS_MAX,
} from "./limits.ts";
import { earliestDeadline } from "./deadline.ts";
import type { Stage } from "./draft.ts";
import type { CallParts, CallState, InCall } from "./state.ts";

/** The promises that this state breaks, one sentence each; empty when all is well. */
export function checkInvariants(state: CallState): readonly string[] {
  if (state.phase === "ended") return [];
  if (state.phase === "resolving") return state.armedAt !== null && state.armedAt <= state.at ? ["the timer is set to the past"] : [];
  const { call } = state;
  return [...clock(state), ...playback(call), ...transcript(call), ...response(call), ...bounds(call), ...closing(state)];
}

function clock(state: InCall): readonly string[] {
  const { call } = state;
  const stage: Stage = state.phase === "closing" ? { phase: "closing", closing: state.closing } : { phase: state.phase };
  const earliest = earliestDeadline(stage, call, call.at);
  return broken([
    [call.armedAt !== null, "a call that goes on has a deadline"],
    [call.armedAt === earliest, `the timer is set to the earliest deadline, not to ${call.armedAt} when that is ${earliest}`],
    [call.armedAt === null || call.armedAt > call.at, `the timer is set to the future, not to ${call.armedAt} at ${call.at}`],
  ]);
}

function playback(call: CallParts): readonly string[] {
  const { items } = call.playback;
  return items.flatMap((item) =>
    broken([
      [item.playedMs <= item.sentMs, `${item.itemId}: heard ≤ sent`],
      [item.sentMs <= item.generatedMs, `${item.itemId}: sent ≤ generated`],
      [call.transcript.open.some((utterance) => utterance.itemId === item.itemId), `${item.itemId}: what plays has its utterance`],
      [items.filter((other) => other.itemId === item.itemId).length === 1, `${item.itemId}: played once`],
    ]),
  );
}

function transcript(call: CallParts): readonly string[] {
  const { open, nextPosition, delta } = call.transcript;
  const positions = open.map((utterance) => utterance.position);
  return broken([
    [new Set(positions).size === positions.length, "positions are unique"],
    [positions.every((position) => position < nextPosition), "positions are counted"],
    [delta + open.length === nextPosition, "every position is published or open"],
    [
      open.every(
        (utterance) =>
          utterance.speaker === "caller" ||
          utterance.heard !== null ||
          call.playback.items.some((item) => item.itemId === utterance.itemId),
      ),
      "an agent's open utterance is playing, or waits for its words",
    ],
  ]);
}

function response(call: CallParts): readonly string[] {
  const { slot, discarded, over, rival } = call.response;
  const inFlight = slot.state === "active" || slot.state === "cancelling" ? slot.responseId : null;
  return broken([
    [inFlight === null || !discarded.includes(inFlight), "a response is in flight or discarded, not both"],
    [inFlight === null || !over.includes(inFlight), "a response that is over is not in flight"],
    [discarded.length <= DISCARDED_MAX, "few responses are on their way out"],
    [rival === null || slot.state !== "requested", "one request is unanswered at a time"],
    [slot.state === "idle" || call.model.state === "open", "only an open model has a response"],
  ]);
}

function bounds(call: CallParts): readonly string[] {
  return broken([
    [call.tools.running.length <= TOOLS_PER_CALL, "tools are bounded"],
    [call.keys.digits.length <= KEYS_MAX, "keys are bounded"],
    [call.tones.waiting.length <= TONES_MAX, "tones are bounded"],
    [call.routing.transfers <= TRANSFERS_MAX, "a call changes its agent only so often"],
    [call.routing.autoRespond || call.routing.plan !== null, "only a router keeps the vendor from answering"],
    [call.routing.decided === null || call.routing.transfers < TRANSFERS_MAX, "what is decided may be done"],
    [call.pace.length <= RESPONSES_IN_WINDOW_MAX, "responses in one window are bounded"],
    [call.silence.nudges <= NUDGES_MAX, "nudges are bounded"],
    [call.injection.corrections.length <= CORRECTIONS_MAX, "few corrections wait"],
    [new Set(call.injection.corrections.map(({ field }) => field)).size === call.injection.corrections.length, "each about another thing"],
  ]);
}

function closing(state: InCall): readonly string[] {
  if (state.phase !== "closing") return [];
  const { call } = state;
  const { step } = state.closing;
  const { speaking } = call.injection;
  const isRecording = step.name === "recording";
  return broken([
    [step.until <= call.at + CLOSING_MS, "an end comes in time"],
    [waiting(call.injection).length === 0, "nothing new is said in a call that ends"],
    [
      !isRecording || (call.transcript.open.length === 0 && speaking === null && call.usage.awaited.length === 0),
      "all is settled before the record",
    ],
    [!isRecording || call.model.state === "gone", "the model is closed before the record"],
  ]);
}

function broken(promises: readonly (readonly [boolean, string])[]): readonly string[] {
  return promises.filter(([kept]) => !kept).map(([, promise]) => promise);
}
