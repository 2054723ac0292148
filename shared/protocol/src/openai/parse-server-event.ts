/**
 * The vendor's JSON as our `ServerEvent`. Lenient: unknown fields are ignored, nulls where the documentation promises objects are
 * taken, and an event that lacks what we need becomes `unknown` with the reason. A running call is not ended by a novelty.
 */
import { Fault } from "@struere/kernel";
import { z } from "zod";
import { sentenceOf } from "../zod-sentence.ts";
import type { FunctionCall, RateLimit, ServerEvent } from "./server-event.ts";
import { responseUsage, transcriptionUsage } from "./read-usage.ts";

const Id = z.string().min(1);
const TextOrNull = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);
const NumberOrNull = z
  .number()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);
const OptionalObject = z
  .record(z.string(), z.unknown())
  .nullish()
  .catch(null)
  .transform((value) => value ?? {});

const Session = z.object({ session: z.object({ id: Id.catch(""), expires_at: NumberOrNull }).loose() });
const readSession = ({ session }: z.output<typeof Session>) => ({
  sessionId: session.id,
  expiresAtMs: session.expires_at === null ? null : session.expires_at * 1_000,
  session,
});

const Response = z.object({ id: Id, conversation_id: z.unknown().optional(), metadata: OptionalObject });
const readResponse = (response: z.output<typeof Response>) => ({
  responseId: response.id,
  clientEventId: typeof response.metadata["client_event_id"] === "string" ? response.metadata["client_event_id"] : null,
  // Absent is the default conversation; only an explicit null is none.
  outOfBand: response.conversation_id === null,
});

const ResponseDone = Response.extend({
  status: z.enum(["completed", "cancelled", "incomplete", "failed"]).catch("failed"),
  status_details: OptionalObject,
  output: z.array(z.unknown()).nullish().catch(null),
  usage: z.unknown().optional(),
});

const Call = z.object({ type: z.literal("function_call"), id: TextOrNull, call_id: Id, name: Id, arguments: z.string().catch("") });

/** Calls without id or name are left out: they can be neither run nor answered. */
function functionCalls(output: readonly unknown[]): FunctionCall[] {
  return output.flatMap((item) => {
    const { success, data } = Call.safeParse(item);
    return success ? [{ itemId: data.id, callId: data.call_id, name: data.name, argumentsJson: data.arguments }] : [];
  });
}

const StatusDetails = z.object({
  reason: TextOrNull,
  error: z.object({ type: TextOrNull, code: TextOrNull, message: TextOrNull }).nullish().catch(null),
});

function readDone(done: z.output<typeof ResponseDone>): ServerEvent {
  const details = StatusDetails.parse(done.status_details);
  const reason = details.error?.code ?? details.error?.type ?? details.reason;
  return {
    type: "response.done",
    ...readResponse(done),
    status: done.status,
    reason: done.status === "completed" ? null : (reason ?? "unspecified"),
    message: details.error?.message ?? null,
    functionCalls: functionCalls(done.output ?? []),
    usage: responseUsage(done.usage),
  };
}

const OutputItem = z.object({ response_id: Id, item: z.object({ id: Id, type: z.string() }) });
const readItem = ({ response_id, item }: z.output<typeof OutputItem>) => ({ responseId: response_id, itemId: item.id, kind: item.type });
const OutputPart = z.object({ response_id: Id, item_id: Id });
const Item = z.object({ item_id: Id });

const Limit = z
  .object({ name: z.string(), limit: z.number(), remaining: z.number(), reset_seconds: z.number() })
  .transform(({ name, limit, remaining, reset_seconds }): RateLimit => ({ name, limit, remaining, resetMs: reset_seconds * 1_000 }));

type Reader = z.ZodType<ServerEvent>;

const READERS: { readonly [Type in Exclude<ServerEvent["type"], "unknown">]: Reader } = {
  "session.created": Session.transform((event): ServerEvent => ({ type: "session.created", ...readSession(event) })),
  "session.updated": Session.transform((event): ServerEvent => ({ type: "session.updated", ...readSession(event) })),
  error: z
    .object({ error: z.object({ type: TextOrNull, code: TextOrNull, message: TextOrNull, param: TextOrNull, event_id: TextOrNull }) })
    .transform(
      ({ error }): ServerEvent => ({
        type: "error",
        code: error.code ?? error.type ?? "unknown_error",
        message: error.message ?? "",
        param: error.param,
        clientEventId: error.event_id,
      }),
    ),
  "response.created": z
    .object({ response: Response })
    .transform(({ response }): ServerEvent => ({ type: "response.created", ...readResponse(response) })),
  "response.done": z.object({ response: ResponseDone }).transform(({ response }) => readDone(response)),
  "response.output_item.added": OutputItem.transform((event): ServerEvent => ({ type: "response.output_item.added", ...readItem(event) })),
  "response.output_item.done": OutputItem.transform((event): ServerEvent => ({ type: "response.output_item.done", ...readItem(event) })),
  "response.output_audio.delta": OutputPart.extend({ delta: z.string() }).transform(
    ({ response_id, item_id, delta }): ServerEvent => ({
      type: "response.output_audio.delta",
      responseId: response_id,
      itemId: item_id,
      audio: delta,
    }),
  ),
  "response.output_audio.done": OutputPart.transform(
    ({ response_id, item_id }): ServerEvent => ({ type: "response.output_audio.done", responseId: response_id, itemId: item_id }),
  ),
  "response.output_audio_transcript.delta": OutputPart.extend({ delta: z.string() }).transform(
    ({ response_id, item_id, delta }): ServerEvent => ({
      type: "response.output_audio_transcript.delta",
      responseId: response_id,
      itemId: item_id,
      delta,
    }),
  ),
  "response.output_audio_transcript.done": OutputPart.extend({ transcript: z.string() }).transform(
    ({ response_id, item_id, transcript }): ServerEvent => ({
      type: "response.output_audio_transcript.done",
      responseId: response_id,
      itemId: item_id,
      transcript,
    }),
  ),
  "input_audio_buffer.speech_started": Item.extend({ audio_start_ms: NumberOrNull }).transform(
    ({ item_id, audio_start_ms }): ServerEvent => ({
      type: "input_audio_buffer.speech_started",
      itemId: item_id,
      audioStartMs: audio_start_ms,
    }),
  ),
  "input_audio_buffer.speech_stopped": Item.extend({ audio_end_ms: NumberOrNull }).transform(
    ({ item_id, audio_end_ms }): ServerEvent => ({ type: "input_audio_buffer.speech_stopped", itemId: item_id, audioEndMs: audio_end_ms }),
  ),
  "input_audio_buffer.committed": Item.extend({ previous_item_id: TextOrNull }).transform(
    ({ item_id, previous_item_id }): ServerEvent => ({
      type: "input_audio_buffer.committed",
      itemId: item_id,
      previousItemId: previous_item_id,
    }),
  ),
  "input_audio_buffer.timeout_triggered": Item.transform(
    ({ item_id }): ServerEvent => ({ type: "input_audio_buffer.timeout_triggered", itemId: item_id }),
  ),
  "conversation.item.added": z
    .object({
      previous_item_id: TextOrNull,
      item: z.object({ id: Id, type: z.string(), role: z.enum(["user", "assistant", "system"]).nullish().catch(null) }),
    })
    .transform(
      ({ previous_item_id, item }): ServerEvent => ({
        type: "conversation.item.added",
        itemId: item.id,
        previousItemId: previous_item_id,
        kind: item.type,
        role: item.role ?? null,
      }),
    ),
  "conversation.item.input_audio_transcription.completed": Item.extend({ transcript: z.string(), usage: z.unknown().optional() }).transform(
    ({ item_id, transcript, usage }): ServerEvent => ({
      type: "conversation.item.input_audio_transcription.completed",
      itemId: item_id,
      transcript,
      usage: transcriptionUsage(usage),
    }),
  ),
  "conversation.item.input_audio_transcription.failed": Item.extend({
    error: z.object({ code: TextOrNull, type: TextOrNull, message: TextOrNull }).nullish().catch(null),
  }).transform(
    ({ item_id, error }): ServerEvent => ({
      type: "conversation.item.input_audio_transcription.failed",
      itemId: item_id,
      code: error?.code ?? error?.type ?? "unknown_error",
      message: error?.message ?? null,
    }),
  ),
  "rate_limits.updated": z.object({ rate_limits: z.array(z.unknown()) }).transform(
    ({ rate_limits }): ServerEvent => ({
      type: "rate_limits.updated",
      limits: rate_limits.flatMap((limit) => Limit.safeParse(limit).data ?? []),
    }),
  ),
};

/**
 * One text frame from the vendor.
 * @throws Fault invalid_argument when it is not JSON. Everything else is an event, `unknown` at worst.
 */
export function parseServerEvent(text: string): ServerEvent {
  const json = readJson(text);
  // Several of these come per second and call: the type is read without a schema.
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  if (typeof type !== "string") return { type: "unknown", name: "", reason: "no type" };
  if (!isRead(type)) return { type: "unknown", name: type, reason: null };
  const event = READERS[type].safeParse(json);
  return event.success ? event.data : { type: "unknown", name: type, reason: sentenceOf(event.error) };
}

const isRead = (type: string): type is keyof typeof READERS => Object.hasOwn(READERS, type);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("invalid_argument", "model event: not JSON", { cause });
  }
}
