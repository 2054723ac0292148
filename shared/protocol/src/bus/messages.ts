/**
 * What travels over the bus: JSON, validated on both ends by these schemas.
 *
 * Every message that a call publishes has `epoch` and `seq`. `seq` runs 1, 2, 3 … without a gap over all three recorded kinds of one
 * (call, epoch): (callId, epoch, seq) is the identity of a message, redelivery is recognised by it, and the recorder's watermark is
 * the highest `seq` below which nothing is missing.
 */
import { z } from "zod";

/** Milliseconds since the call's stream started, from the media node's monotonic clock. */
const Offset = z.number().int().nonnegative();

const Published = {
  epoch: z.number().int().positive(),
  seq: z.number().int().positive(),
  /** Wall clock of the media node, milliseconds since 1970: for people. Order comes from `seq`. */
  at: z.number().int().nonnegative(),
};

/** One finished utterance, as it was heard. */
export const TranscriptMessage = z.strictObject({
  ...Published,
  /** Contiguous over the transcript messages of one (call, epoch): 1, 2, 3 … An auditor that sees a gap waits. */
  delta: z.number().int().positive(),
  /** Place in the conversation. A caller's transcript may come after the reply to it; sorted by `position` the order is right. */
  position: z.number().int().nonnegative(),
  /** The model vendor's item id. */
  itemId: z.string(),
  speaker: z.enum(["caller", "agent"]),
  /** Slug of the agent that spoke or was spoken to. */
  agent: z.string(),
  /** What was heard. For the agent: what had been played when it ended or was cut; for the caller: the transcription. */
  text: z.string(),
  /** Agent only: all that the model generated, heard or not. */
  generatedText: z.exactOptional(z.string()),
  /** Agent only: milliseconds of audio that were played out, and that were generated. */
  heardMs: z.exactOptional(Offset),
  generatedMs: z.exactOptional(Offset),
  /** The caller cut in. */
  interrupted: z.boolean(),
  /** Caller only: why `text` is empty. */
  transcription: z.exactOptional(z.enum(["completed", "failed", "timed_out"])),
  startedMs: Offset,
  endedMs: Offset,
});
export type TranscriptMessage = z.infer<typeof TranscriptMessage>;

const EVENT_NAMES = [
  "call.started",
  "caller.speaking",
  "caller.silent",
  "agent.speaking",
  "agent.silent",
  "agent.interrupted",
  /** Another agent has the call: `from`, `to` (slugs), `by`: classify, rule or tool. */
  "agent.changed",
  "key.pressed",
  "tool.called",
  "tool.finished",
  "model.opened",
  "model.recovered",
  "model.lost",
  /** The model is asked to speak: `purpose`. What the vendor answers to the caller by itself is not announced. */
  "response.asked",
  "call.warned",
  /** The node has taken in an injection and will give its receipt: `injectionId`, `action`. */
  "injection.taken",
  /** What became of it: `injectionId`, `outcome`, `reason`, `heardMs`, as in a receipt. */
  "injection.done",
  "call.ended",
] as const;
export type CallEventName = (typeof EVENT_NAMES)[number];

/** Something that happened, for whoever watches the call. `data` is small and flat, and never holds a secret. */
export const EventMessage = z.strictObject({
  ...Published,
  name: z.enum(EVENT_NAMES),
  offsetMs: Offset,
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type EventMessage = z.infer<typeof EventMessage>;

const Tokens = z.number().int().nonnegative();

/** What one response or one transcription cost, in the vendor's own units; idempotent by `usageId` (response or item id). */
export const UsageMessage = z.strictObject({
  ...Published,
  usageId: z.string(),
  source: z.enum(["response", "transcription"]),
  model: z.string(),
  /** The vendor did not say; counted from the audio instead. */
  estimated: z.boolean(),
  inputTextTokens: Tokens,
  inputAudioTokens: Tokens,
  cachedTextTokens: Tokens,
  cachedAudioTokens: Tokens,
  outputTextTokens: Tokens,
  outputAudioTokens: Tokens,
  /** Transcription models that bill by time. */
  seconds: z.exactOptional(z.number().nonnegative()),
});
export type UsageMessage = z.infer<typeof UsageMessage>;

/**
 * From an auditor, a person or a service, by way of the control plane: words that the voice agent shall say. It is sent again and again
 * until the record says that the node took it; the node knows it by its id.
 */
export const InjectMessage = z.strictObject({
  injectionId: z.string().min(1).max(128),
  action: z.enum(["correction", "complete", "abort"]),
  message: z.string().min(1).max(2_000),
  /** Spoken before this wall-clock moment or not at all. */
  expiresAt: z.number().int().positive(),
  /** Whoever holds the call under another epoch leaves it alone: it may have been said already. Absent: whoever holds it. */
  epoch: z.exactOptional(z.number().int().positive()),
  /** What it is about, such as the name of a field: the newest that waits about one thing is the one that is said. */
  field: z.exactOptional(z.string().min(1).max(64)),
  /** What is right. When the caller has said it after `basedOn`, there is nothing to correct any more. */
  value: z.exactOptional(z.string().min(1).max(200)),
  /** Place in the conversation (`position`) of the last utterance that its author had read; absent: all that there is. */
  basedOn: z.exactOptional(z.number().int().nonnegative()),
});
export type InjectMessage = z.infer<typeof InjectMessage>;

/** What became of an injection; exactly one for each, announced by the control plane once it is in the record. */
export const ReceiptMessage = z.strictObject({
  injectionId: z.string(),
  epoch: z.number().int().positive(),
  outcome: z.enum(["spoken", "superseded", "expired", "refused"]),
  reason: z.exactOptional(z.string()),
  heardMs: z.exactOptional(Offset),
});
export type ReceiptMessage = z.infer<typeof ReceiptMessage>;

/**
 * There is something to audit in a call: its utterances up to this one are in the record. Whoever takes it asks the control plane to run the
 * audit (`struere.voice.v1.Auditing`), which knows what has been audited already; so the same message twice does nothing twice.
 */
export const AuditMessage = z.strictObject({
  epoch: z.number().int().nonnegative(),
  /** Number of the newest utterance; 0 when the call ended without one under this epoch. */
  delta: z.number().int().nonnegative(),
  /** Wall clock of whoever sends it, milliseconds since 1970. */
  at: z.number().int().nonnegative(),
});
export type AuditMessage = z.infer<typeof AuditMessage>;

/** All of (call, epoch) up to and including `seq` is in Postgres: the node may forget it, a watcher may read it. */
export const WatermarkMessage = z.strictObject({
  epoch: z.number().int().positive(),
  seq: z.number().int().nonnegative(),
});
export type WatermarkMessage = z.infer<typeof WatermarkMessage>;

/** A call is about to arrive at a node. `config` is a `struere.voice.v1.CallConfig` in proto3 JSON. */
export const PrepareMessage = z.strictObject({
  callId: z.string(),
  config: z.record(z.string(), z.unknown()),
  /** So long the phone may still ring; absent: a few seconds. */
  keepMs: z.exactOptional(z.number().int().positive()),
});
export type PrepareMessage = z.infer<typeof PrepareMessage>;

/** A call that was announced by a `PrepareMessage` does not come. */
export const DismissMessage = z.strictObject({ callId: z.string() });
export type DismissMessage = z.infer<typeof DismissMessage>;
