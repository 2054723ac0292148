/**
 * What a call tells the outside about itself: numbered messages for the bus, and receipts for whoever injected something. The only file that
 * publishes: `seq` is counted in one place, and bodies have the field names of shared/protocol/bus. Nothing here decides when.
 */
import { type Draft, emit } from "./draft.ts";
import type { Usage } from "./event.ts";
import { remembered } from "./routing.ts";
import type { Injected } from "./injection.ts";
import { callerWords } from "./put-right.ts";
import { type AgentUtterance, type CallerUtterance, closeAgent, closeCaller, type FinalUtterance, type Heard } from "./transcript.ts";
import { findAwaited, isMetered, isPlausible, type Measured, measuredResponse, measuredTranscription, meteredOnce } from "./usage.ts";
import type { PublishedBody } from "./effect.ts";
import type { Transcript } from "./transcript.ts";

/** The names that shared/protocol/bus knows. */
export type PublishedEvent =
  | "call.started"
  | "caller.speaking"
  | "caller.silent"
  | "agent.speaking"
  | "agent.silent"
  | "agent.interrupted"
  | "agent.changed"
  | "key.pressed"
  | "tool.called"
  | "tool.finished"
  | "model.opened"
  | "model.lost"
  | "response.asked"
  | "call.warned"
  | "injection.taken"
  | "injection.done"
  | "call.ended";

export function publishEvent(
  draft: Draft,
  name: PublishedEvent,
  data: { readonly [field: string]: string | number | boolean | null } = {},
): void {
  publish(draft, "event", { name, offsetMs: offsetMs(draft, draft.at), data });
}

/** Something that a person who looks at the call should know, and that did not end it. */
export function warn(draft: Draft, code: string): void {
  publishEvent(draft, "call.warned", { code });
}

export function publishAgentUtterance(draft: Draft, utterance: AgentUtterance, heard: Heard): void {
  publishUtterance(draft, closeAgent(draft.call.transcript, utterance, heard));
}

export function publishCallerUtterance(
  draft: Draft,
  utterance: CallerUtterance,
  result: { readonly text: string; readonly transcription: "completed" | "failed" | "timed_out" },
): void {
  publishUtterance(draft, closeCaller(draft.call.transcript, utterance, result));
}

/** @param usage what the vendor said when the response was done; null when it said nothing, or never will. */
export function publishResponseUsage(draft: Draft, responseId: string, usage: Usage | null): void {
  const { call } = draft;
  const measured = measuredResponse(usage, findAwaited(call.usage, responseId));
  meter(draft, { usageId: responseId, source: "response", model: call.config.voice.model, usage, measured });
}

export function publishTranscriptionUsage(draft: Draft, itemId: string, usage: Usage | null, spokenMs: number): void {
  const measured = measuredTranscription(usage, spokenMs);
  meter(draft, { usageId: itemId, source: "transcription", model: draft.call.config.voice.transcriptionModel, usage, measured });
}

export function sendReceipt(
  draft: Draft,
  injected: { readonly injectionId: string },
  receipt: { readonly outcome: "spoken" | "superseded" | "expired" | "refused"; readonly reason?: string; readonly heardMs?: number },
): void {
  const { outcome, reason = null, heardMs = null } = receipt;
  // A closed record takes nothing more: whoever sent it learns from there that the call is over.
  if (!isRecordClosed(draft)) publishEvent(draft, "injection.done", { injectionId: injected.injectionId, outcome, reason, heardMs });
  emit(draft, { type: "bus.receipt", injectionId: injected.injectionId, outcome, reason, heardMs });
}

function isRecordClosed({ stage }: Draft): boolean {
  return stage.phase === "closing" && stage.closing.step.name === "recording";
}

export function refuseAll(draft: Draft, injected: readonly Injected[], reason: string): void {
  for (const each of injected) sendReceipt(draft, each, { outcome: "refused", reason });
}

/** Whole milliseconds since the stream began. */
export function offsetMs(draft: Draft, at: number): number {
  return Math.max(0, Math.round(at - draft.call.startedAt));
}

function publishUtterance(draft: Draft, [transcript, final]: readonly [Transcript, FinalUtterance]): void {
  const { startedAt, endedAt, agent, ...said } = final;
  draft.call.transcript = transcript;
  draft.call.routing = remembered(draft.call.routing, said);
  const { speaker, position, text } = said;
  if (speaker === "caller" && text !== "")
    draft.call.injection = { ...draft.call.injection, callerWords: callerWords(draft.call.injection.callerWords, { position, text }) };
  publish(draft, "transcript", {
    ...said,
    agent,
    // What is cut while it waits behind something else never began.
    startedMs: offsetMs(draft, Math.min(startedAt, endedAt)),
    endedMs: offsetMs(draft, endedAt),
  });
}

function meter(
  draft: Draft,
  metered: {
    readonly usageId: string;
    readonly source: "response" | "transcription";
    readonly model: string;
    readonly usage: Usage | null;
    readonly measured: Measured | undefined;
  },
): void {
  const { usageId, source, model, usage, measured } = metered;
  if (isMetered(draft.call.usage, usageId)) return;
  draft.call.usage = meteredOnce(draft.call.usage, usageId);
  if (usage && !isPlausible(usage)) warn(draft, "implausible_usage");
  if (measured) publish(draft, "usage", { usageId, source, model, estimated: measured.estimated, ...measured.usage });
}

function publish(draft: Draft, kind: "transcript" | "event" | "usage", body: PublishedBody): void {
  draft.call.seq += 1;
  emit(draft, { type: "bus.publish", kind, seq: draft.call.seq, body });
}
