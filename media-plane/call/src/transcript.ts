/**
 * The transcript: utterances as they were heard, each published once, when it is final.
 *
 * An utterance gets its *position* when its item appears in the conversation, because a caller's words are often transcribed after the
 * reply to them has begun (platform.openai.com/docs/guides/realtime-conversations). It gets its *delta* number when it is final, because
 * whoever reads along counts what arrives. Both run without gap or repeat.
 *
 * Final means, for the caller: transcribed, failed, or given up after a while; all three are numbered, so that the record shows that
 * something was said. For the agent: heard to the end or cut, and its words complete or no longer coming. What was generated but not
 * heard stays beside what was heard, never in its place.
 */
import { heardText } from "./heard-text.ts";
import { ITEMS_REMEMBERED, TRANSCRIPTION_MS, UTTERANCE_CHARS_MAX } from "./limits.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

export type OpenUtterance = CallerUtterance | AgentUtterance;

export interface CallerUtterance {
  readonly speaker: "caller";
  readonly itemId: string;
  readonly position: number;
  /** Slug of the agent that was spoken to. */
  readonly agent: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When its transcription is given up. */
  readonly until: number;
}

export interface AgentUtterance {
  readonly speaker: "agent";
  readonly itemId: string;
  readonly responseId: string;
  readonly position: number;
  /** Slug of the agent that speaks. */
  readonly agent: string;
  readonly startedAt: number;
  readonly text: string;
  /** All words are there. */
  readonly complete: boolean;
  /** Set when playback is done with it. */
  readonly heard: Heard | null;
}

export interface Heard {
  readonly heardMs: number;
  readonly generatedMs: number;
  readonly endedAt: number;
  readonly interrupted: boolean;
}

export interface Transcript {
  readonly open: readonly OpenUtterance[];
  readonly nextPosition: number;
  /** Of the last published utterance. */
  readonly delta: number;
  readonly closed: Recent;
}

export const BLANK: Transcript = { open: [], nextPosition: 0, delta: 0, closed: NOTHING_RECENT };

/** What is published, in the words of shared/protocol/bus; times are offsets that the publisher computes. */
export interface FinalUtterance {
  readonly delta: number;
  readonly position: number;
  readonly itemId: string;
  readonly speaker: "caller" | "agent";
  readonly agent: string;
  readonly text: string;
  readonly generatedText?: string;
  readonly heardMs?: number;
  readonly generatedMs?: number;
  readonly interrupted: boolean;
  readonly transcription?: "completed" | "failed" | "timed_out";
  readonly startedAt: number;
  readonly endedAt: number;
}

export type Closing = readonly [Transcript, FinalUtterance];

export function isKnownItem(transcript: Transcript, itemId: string): boolean {
  return findUtterance(transcript, itemId) !== undefined || transcript.closed.includes(itemId);
}

export function findUtterance(transcript: Transcript, itemId: string): OpenUtterance | undefined {
  return transcript.open.find((utterance) => utterance.itemId === itemId);
}

export function callerAppeared(
  transcript: Transcript,
  item: {
    readonly itemId: string;
    readonly agent: string;
    readonly startedAt: number;
    readonly endedAt: number;
    readonly at: number;
  },
): Transcript {
  const { at, ...said } = item;
  return appeared(transcript, (position) => ({ speaker: "caller", ...said, position, until: at + TRANSCRIPTION_MS }));
}

export function agentAppeared(
  transcript: Transcript,
  item: { readonly itemId: string; readonly responseId: string; readonly agent: string; readonly at: number },
): Transcript {
  const { itemId, responseId, agent, at } = item;
  return appeared(transcript, (position) => ({
    speaker: "agent",
    itemId,
    responseId,
    position,
    agent,
    startedAt: at,
    text: "",
    complete: false,
    heard: null,
  }));
}

/** Words of an agent's item as they are generated: one more piece, or (`complete`) the whole of them. */
export function worded(transcript: Transcript, itemId: string, words: { readonly piece: string } | { readonly whole: string }): Transcript {
  return changed(transcript, itemId, (utterance) => {
    if (utterance.complete) return utterance;
    if ("whole" in words) return { ...utterance, text: words.whole.slice(0, UTTERANCE_CHARS_MAX), complete: true };
    return { ...utterance, text: (utterance.text + words.piece).slice(0, UTTERANCE_CHARS_MAX) };
  });
}

/** The first of it has just been sent: this is when the caller begins to hear it. */
export function soundedFrom(transcript: Transcript, itemId: string, at: number): Transcript {
  return changed(transcript, itemId, (utterance) => ({ ...utterance, startedAt: at }));
}

/** Playback is done with it. It is final once its words are. */
export function heardUntil(transcript: Transcript, itemId: string, heard: Heard): Transcript {
  return changed(transcript, itemId, (utterance) => (utterance.heard ? utterance : { ...utterance, heard }));
}

/** An agent's utterance that is final: heard, and no more words of it can come or matter. */
export function finalAgentUtterance(transcript: Transcript, activeResponseId: string | null): AgentUtterance | undefined {
  for (const utterance of transcript.open) {
    if (utterance.speaker !== "agent" || !utterance.heard) continue;
    if (utterance.complete || utterance.heard.interrupted || utterance.responseId !== activeResponseId) return utterance;
  }
  return undefined;
}

export function overdueCallerUtterance(transcript: Transcript, at: number): CallerUtterance | undefined {
  for (const utterance of transcript.open) if (utterance.speaker === "caller" && at >= utterance.until) return utterance;
  return undefined;
}

export function closeCaller(
  transcript: Transcript,
  utterance: CallerUtterance,
  result: { readonly text: string; readonly transcription: "completed" | "failed" | "timed_out" },
): Closing {
  const { itemId, position, agent, startedAt, endedAt } = utterance;
  const { transcription } = result;
  const text = result.text.slice(0, UTTERANCE_CHARS_MAX);
  const delta = transcript.delta + 1;
  return [
    withoutOpen(transcript, itemId),
    { delta, position, itemId, speaker: "caller", agent, text, transcription, interrupted: false, startedAt, endedAt },
  ];
}

/** @param heard what playback has said about it. */
export function closeAgent(transcript: Transcript, utterance: AgentUtterance, heard: Heard): Closing {
  const { itemId, position, agent, startedAt, text } = utterance;
  const { heardMs, generatedMs, endedAt, interrupted } = heard;
  const final: FinalUtterance = {
    delta: transcript.delta + 1,
    position,
    itemId,
    speaker: "agent",
    agent,
    text: heardText(text, heardMs, generatedMs),
    generatedText: text,
    heardMs,
    generatedMs,
    interrupted,
    startedAt,
    endedAt,
  };
  return [withoutOpen(transcript, itemId), final];
}

export function transcriptDeadline(transcript: Transcript): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const utterance of transcript.open) if (utterance.speaker === "caller") earliest = Math.min(earliest, utterance.until);
  return earliest;
}

function appeared(transcript: Transcript, make: (position: number) => OpenUtterance): Transcript {
  const utterance = make(transcript.nextPosition);
  return { ...transcript, nextPosition: transcript.nextPosition + 1, open: [...transcript.open, utterance] };
}

function changed(transcript: Transcript, itemId: string, change: (utterance: AgentUtterance) => AgentUtterance): Transcript {
  const known = findUtterance(transcript, itemId);
  if (known?.speaker !== "agent") return transcript;
  const next = change(known);
  return next === known
    ? transcript
    : { ...transcript, open: transcript.open.map((utterance) => (utterance === known ? next : utterance)) };
}

function withoutOpen(transcript: Transcript, itemId: string): Transcript {
  return {
    ...transcript,
    delta: transcript.delta + 1,
    open: transcript.open.filter((utterance) => utterance.itemId !== itemId),
    closed: remember(transcript.closed, itemId, ITEMS_REMEMBERED),
  };
}
