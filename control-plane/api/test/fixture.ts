/** Calls, messages and keys for the tests of the API, made by the store's own questions. */
import type { Bus } from "@struere/bus";
import type { Permission } from "@struere/domain";
import type { CallId, Environment } from "@struere/kernel";
import { callSubject, type TranscriptMessage } from "@struere/protocol/bus";
import {
  type Call,
  claimCall,
  createCall,
  createKey,
  createOrganization,
  type Db,
  newCallIds,
  newId,
  type Scope,
  setAgent,
} from "@struere/store";

export const NOW = new Date("2026-11-22T10:00:00.000Z");
export const ACCOUNT = `AC${"a".repeat(32)}`;
let sids = 0;

export async function aScope(db: Db, environment: Environment = "production"): Promise<Scope> {
  return { organizationId: await createOrganization(db, { name: "Acme", now: NOW }), environment };
}

export async function aKey(db: Db, scope: Scope, permissions: readonly Permission[] = ["*"]): Promise<string> {
  return (await createKey(db, scope, { name: "test", permissions, expiresAt: null, now: NOW })).plaintext;
}

export async function anAgent(db: Db, scope: Scope, slug = "intake") {
  const definition = { slug, name: "Intake", systemPrompt: "You take down orders.", tools: [] };
  return (await setAgent(db, scope, { slug, name: "Intake", description: null, definition, now: NOW })).agent;
}

export async function aCall(db: Db, scope: Scope): Promise<Call> {
  const ids = newCallIds();
  const numbers = { from: "+14155550100", to: "+14155550199" };
  const { call } = await createCall(db, scope, {
    ...ids,
    ...numbers,
    direction: "inbound",
    accountSid: ACCOUNT,
    callSid: `CA${(++sids).toString(16).padStart(32, "0")}`,
    connectionId: null,
    agent: null,
    router: null,
    nodeId: null,
    now: NOW,
    config: {
      ...ids,
      ...scope,
      ...numbers,
      direction: "CALL_DIRECTION_INBOUND",
      agent: { slug: "intake", name: "Intake", version: 1, instructions: "You take down orders.", tools: [] },
      voice: { model: "gpt-realtime-2.1-mini", voice: "alloy", semanticVad: { eagerness: "medium" }, transcriptionModel: "gpt-transcribe" },
      limits: { maxDurationMs: 3_600_000 },
      history: [],
    },
  });
  return call;
}

/** A call that a node holds under epoch 1. */
export async function aClaimedCall(db: Db, scope: Scope): Promise<Call> {
  return await claim(db, await aCall(db, scope), 1);
}

export async function claim(db: Db, call: Call, epoch: number): Promise<Call> {
  const claimed = await claimCall(db, {
    callId: call.id,
    epoch,
    nodeId: newId("node"),
    streamSid: `MZ${epoch}`,
    callSid: call.twilio_call_sid ?? "",
    accountSid: ACCOUNT,
    now: NOW,
  });
  if (!claimed.ok) throw new Error(claimed.problem);
  return claimed.value;
}

export function aTranscript(seq: number, overrides: Partial<TranscriptMessage> = {}): TranscriptMessage {
  return {
    epoch: 1,
    seq,
    at: NOW.getTime(),
    delta: seq,
    position: seq,
    itemId: `item_${seq}`,
    speaker: "agent",
    agent: "intake",
    text: `line ${seq}`,
    interrupted: false,
    startedMs: seq * 1_000,
    endedMs: seq * 1_000 + 500,
    ...overrides,
  };
}

/** As a media node publishes it. `id` tells repetitions apart from what the stream would drop as a duplicate. */
export async function publish(bus: Bus, scope: Scope, callId: CallId, message: TranscriptMessage, id = ""): Promise<void> {
  const subject = callSubject({ ...scope, callId }, "transcript");
  await bus.publish({ subject, id: `${callId}.${message.epoch}.${message.seq}${id}`, data: JSON.stringify(message) });
}

export const upTo = (count: number, from = 1): number[] => Array.from({ length: count - from + 1 }, (_, index) => from + index);
