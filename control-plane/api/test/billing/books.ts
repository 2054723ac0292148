/** Calls that are billed, what they use, and their books. */
import type { RateCard } from "@struere/domain";
import type { Micros } from "@struere/kernel";
import { callSubject, type UsageMessage } from "@struere/protocol/bus";
import type { Bus } from "@struere/bus";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import {
  type Call,
  claimCall,
  createCall,
  type Db,
  keepRateCard,
  listStatement,
  newCallIds,
  newId,
  recordMessages,
  type Scope,
} from "@struere/store";
import { type Biller, startBiller } from "../../src/billing/biller.ts";
import { ACCOUNT, NOW } from "../fixture.ts";

let sids = 0;

/** A call that a node holds under epoch 1, pinned to a card. */
export async function aPricedCall(
  db: Db,
  scope: Scope,
  card: RateCard | null,
  numbers: { readonly from?: string; readonly to?: string; readonly direction?: "inbound" | "outbound" } = {},
): Promise<Call> {
  const ids = newCallIds();
  const { from = "+14155550100", to = "+14155550199", direction = "inbound" } = numbers;
  if (card) await keepRateCard(db, card, NOW);
  const { call } = await createCall(db, scope, {
    ...ids,
    from,
    to,
    direction,
    accountSid: ACCOUNT,
    callSid: `CA${(++sids).toString(16).padStart(32, "b")}`,
    connectionId: null,
    agent: null,
    router: null,
    nodeId: null,
    now: NOW,
    rateCardVersion: card?.version ?? null,
    config: {
      ...ids,
      ...scope,
      from,
      to,
      direction: direction === "inbound" ? "CALL_DIRECTION_INBOUND" : "CALL_DIRECTION_OUTBOUND",
      agent: { slug: "intake", name: "Intake", version: 1, instructions: "You take down orders.", tools: [] },
      voice: { model: "gpt-realtime-2.1-mini", voice: "alloy", semanticVad: { eagerness: "medium" }, transcriptionModel: "gpt-transcribe" },
      limits: { maxDurationMs: 3_600_000 },
      history: [],
    },
  });
  const claimed = await claimCall(db, {
    callId: call.id,
    epoch: 1,
    nodeId: newId("node"),
    streamSid: "MZ1",
    callSid: call.twilio_call_sid ?? "",
    accountSid: ACCOUNT,
    now: NOW,
  });
  if (!claimed.ok) throw new Error(claimed.problem);
  return claimed.value;
}

export function aUse(seq: number, overrides: Partial<UsageMessage> = {}): UsageMessage {
  return {
    epoch: 1,
    seq,
    at: NOW.getTime() + seq,
    usageId: `resp_${seq}`,
    source: "response",
    model: "gpt-realtime-2.1-mini",
    estimated: false,
    inputTextTokens: 100 + seq,
    inputAudioTokens: 50 * seq,
    cachedTextTokens: 64,
    cachedAudioTokens: 10 * seq,
    outputTextTokens: 7,
    outputAudioTokens: 31 * seq,
    ...overrides,
  };
}

/** @param repetition tells one delivery from what the stream would drop as a duplicate. */
export async function publishUse(bus: Bus, call: Call, use: UsageMessage, repetition = ""): Promise<void> {
  const address = { organizationId: call.organization_id, environment: call.environment, callId: call.id };
  await bus.publish({
    subject: callSubject(address, "usage"),
    id: `${call.id}.${use.epoch}.${use.seq}${repetition}`,
    data: JSON.stringify(use),
  });
}

/** As the recorder writes it. */
export async function recordUse(db: Db, call: Call, uses: readonly UsageMessage[]): Promise<void> {
  const whose = { organizationId: call.organization_id, environment: call.environment, callId: call.id };
  await recordMessages(
    db,
    uses.map((body) => ({ ...whose, kind: "usage", body })),
    NOW,
  );
}

export function aBiller(options: {
  readonly db: Db;
  readonly bus: Bus;
  readonly rateCard: RateCard;
  readonly clock?: ReturnType<typeof systemClock>;
}): Biller {
  return startBiller({ clock: systemClock(), log: silentLog, metrics: createMetrics(), ...options });
}

export interface Charged {
  readonly what: string;
  readonly amount: Micros;
  readonly lines: string;
}

/** What was charged, whatever the order in which it was posted; ids of calls are left away. */
export async function chargesOf(db: Db, scope: Scope): Promise<readonly Charged[]> {
  const rows = await listStatement(db, scope, { kinds: ["charge"] }, { limit: 1_000, after: null });
  return rows
    .map((row) => ({
      what: row.idempotency_key.replaceAll(row.call_id ?? "-", "call"),
      amount: row.amount,
      lines: row.lines.map((line) => `${line.item} ${line.quantity} ${line.costMicros}`).join(", "),
    }))
    .sort((a, b) => (a.what < b.what ? -1 : 1));
}
