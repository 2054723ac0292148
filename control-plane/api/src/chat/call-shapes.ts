/** What the calls endpoints take and answer. */
import { CallStatus, InjectionAction } from "@struere/domain";
import { z } from "zod";
import { PAGE_LIMIT } from "@struere/store";
import { id } from "../trpc/input.ts";

export const CallListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT).default(25),
  cursor: z.exactOptional(z.string().max(200)),
  status: z.exactOptional(z.enum(CallStatus)),
  threadId: z.exactOptional(id("thread")),
});

export const CallPath = z.object({ id: id("call") });

const time = z.iso.datetime();

export const CallShape = z.object({
  id: z.string(),
  environment: z.string(),
  threadId: z.string(),
  connectionId: z.string().nullable(),
  direction: z.enum(["inbound", "outbound"]),
  from: z.string(),
  to: z.string(),
  callSid: z.string().nullable(),
  status: z.enum(CallStatus),
  reason: z.string().nullable(),
  agent: z.string().nullable(),
  agentVersion: z.int().nullable(),
  routerVersion: z.int().nullable(),
  createdAt: time,
  answeredAt: time.nullable(),
  endedAt: time.nullable(),
  durationMs: z.int().nullable(),
});

export const CallPageShape = z.object({ items: z.array(CallShape), nextCursor: z.string().nullable() });

export const CallMessageShape = z.object({
  epoch: z.int(),
  seq: z.int(),
  kind: z.enum(["transcript", "event", "usage"]),
  name: z.string().nullable(),
  offsetMs: z.number().nullable(),
  at: time,
  body: z.record(z.string(), z.unknown()),
});

export const InjectionShape = z.object({
  id: z.string(),
  action: z.enum(InjectionAction),
  message: z.string(),
  field: z.string().nullable(),
  value: z.string().nullable(),
  source: z.enum(["auditor", "person", "service"]),
  author: z.string().meta({ description: "An auditor by its slug, a person or a service by the id of the key." }),
  auditId: z.string().nullable(),
  createdAt: time,
  expiresAt: time,
  takenAt: time.nullable(),
  outcome: z
    .enum(["spoken", "superseded", "expired", "refused"])
    .nullable()
    .meta({ description: "The receipt; null while it is on its way." }),
  reason: z.string().nullable(),
  heardMs: z.number().nullable(),
  receiptAt: time.nullable(),
  offsetMs: z.number().nullable().meta({ description: "Of the receipt, on the call's own clock." }),
});

export const InjectionsShape = z.object({ items: z.array(InjectionShape) });

export const CallRecordShape = CallShape.extend({
  setup: z.record(z.string(), z.unknown()).nullable(),
  utterances: z.array(
    z.object({
      epoch: z.int(),
      seq: z.int(),
      position: z.int(),
      speaker: z.enum(["caller", "agent"]),
      agent: z.string(),
      text: z.string().meta({ description: "What was heard." }),
      interrupted: z.boolean(),
      startedMs: z.number(),
      endedMs: z.number(),
    }),
  ),
  events: z.array(CallMessageShape),
  usage: z.array(z.object({ usageId: z.string(), source: z.enum(["response", "transcription"]), model: z.string() })),
  injections: z.array(InjectionShape),
});

export const PlacedShape = z.object({ callSid: z.string(), status: z.literal("initiated"), callId: z.string(), threadId: z.string() });

export const HangupShape = z.object({
  id: z.string(),
  status: z.enum(CallStatus),
  reason: z.string().nullable(),
  endedNow: z.boolean().meta({ description: "False: it was over already." }),
});
