/** Fields of requests, read: what a node sends is as foreign as anything else. Each throws Fault invalid_argument that says what is legal. */
import type { CallOutcome as RecordedOutcome } from "@struere/domain";
import { type CallId, Fault, type NodeId, parseId } from "@struere/kernel";
import { CallOutcome, type CallOutcome__Output, type HeardUtterance__Output, Speaker } from "@struere/protocol/grpc";
import type { CallUtterance } from "../routing/route-call.ts";

export function nodeIdOf(text: string): NodeId {
  const nodeId = parseId("node", text);
  if (!nodeId) throw new Fault("invalid_argument", "node_id is not the id of a node (node_ and 24 characters)");
  return nodeId;
}

export function callIdOf(text: string): CallId {
  const callId = parseId("call", text);
  if (!callId) throw new Fault("invalid_argument", "call_id is not the id of a call (call_ and 24 characters)");
  return callId;
}

/** 0 is a call that nobody has claimed: no request can be about that. */
export function epochOf(epoch: number): number {
  return wholeNumber("epoch", epoch, { min: 1, max: INT4_MAX });
}

/** Postgres' `integer` ends here; nothing that is counted comes near. */
export const INT4_MAX = 2_147_483_647;

export function wholeNumber(
  name: string,
  value: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Fault("invalid_argument", `${name} is ${value}; it must be a whole number from ${min} to ${max}`);
}

/** A SID of Twilio's. */
export function sidOf(name: string, text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) throw new Fault("invalid_argument", `${name} is not a SID: 1 to 64 letters and digits`);
  return text;
}

const OUTCOMES: { readonly [Outcome in CallOutcome__Output]?: RecordedOutcome } = {
  [CallOutcome.CALL_OUTCOME_COMPLETED]: "completed",
  [CallOutcome.CALL_OUTCOME_STOPPED]: "stopped",
  [CallOutcome.CALL_OUTCOME_FAILED]: "failed",
};

export function outcomeOf(outcome: CallOutcome__Output): RecordedOutcome {
  const recorded = OUTCOMES[outcome];
  if (!recorded) throw new Fault("invalid_argument", `outcome is ${outcome}; use one of ${Object.keys(OUTCOMES).join(", ")}`);
  return recorded;
}

export function reasonOf(reason: string): string {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(reason))
    throw new Fault("invalid_argument", "reason must be one snake_case word of at most 64 characters");
  return reason;
}

/** More than a router may ask for, and more than anybody says at a stretch. */
const UTTERANCES_MAX = 100;
const UTTERANCE_CHARS_MAX = 10_000;

/** What was said, oldest first; the last is the caller's. */
export function utterancesOf(given: readonly HeardUtterance__Output[]): readonly CallUtterance[] {
  if (given.length > UTTERANCES_MAX) throw new Fault("invalid_argument", `at most ${UTTERANCES_MAX} utterances in one request`);
  const utterances = given.map(({ speaker, text }): CallUtterance => {
    if (speaker !== Speaker.SPEAKER_CALLER && speaker !== Speaker.SPEAKER_AGENT)
      throw new Fault("invalid_argument", "utterances[].speaker must be SPEAKER_CALLER or SPEAKER_AGENT");
    return { speaker: speaker === Speaker.SPEAKER_CALLER ? "caller" : "agent", text: text.slice(0, UTTERANCE_CHARS_MAX) };
  });
  const last = utterances.at(-1);
  if (last?.speaker !== "caller" || last.text.trim() === "")
    throw new Fault("invalid_argument", "the last of the utterances must be the caller's, and not empty: it is what is decided about");
  return utterances;
}
