/**
 * The record of what a call said. Messages come at least once and in any order; (call, epoch, seq) is their identity, so that writing one
 * again changes nothing. The watermark of (call, epoch) is the highest seq below which nothing is missing; it is moved in the same
 * transaction, under a lock of its row, so that two control planes that write the same call agree.
 */
import { createHash } from "node:crypto";
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { listUnaudited, recordReceipts, type Unaudited } from "./recording-auditor.ts";
import type { Injection, JsonObject } from "./schema.ts";

/** A message of the bus (shared/protocol/src/bus/messages.ts), parsed, with the address of its subject. */
export type MessageToRecord = { readonly organizationId: OrganizationId; readonly environment: Environment; readonly callId: CallId } & (
  | { readonly kind: "transcript"; readonly body: TranscriptToRecord }
  | { readonly kind: "event"; readonly body: EventToRecord }
  | { readonly kind: "usage"; readonly body: UsageToRecord }
);

interface Published {
  readonly epoch: number;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface TranscriptToRecord extends Published {
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
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface EventToRecord extends Published {
  readonly name: string;
  readonly offsetMs: number;
  readonly data: JsonObject;
}

export interface UsageToRecord extends Published {
  readonly usageId: string;
  readonly source: "response" | "transcription";
  readonly model: string;
  readonly estimated: boolean;
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly cachedTextTokens: number;
  readonly cachedAudioTokens: number;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
  readonly seconds?: number;
}

export type SetAsideReason = "call_unknown" | "call_of_another_scope" | "epoch_never_granted";

export interface Watermark {
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly callId: CallId;
  readonly epoch: number;
  readonly seq: number;
}

export interface Recorded {
  /** One for every (call, epoch) that the batch touched, moved or not. */
  readonly watermarks: readonly Watermark[];
  /** Messages that no call may have published; they are not in the record. */
  readonly setAside: readonly { readonly message: MessageToRecord; readonly reason: SetAsideReason }[];
  /** Injections whose receipt came with this batch, and for the first time. */
  readonly receipts: readonly Injection[];
  /** Of the calls in the batch, those whose auditor has something to read. */
  readonly unaudited: readonly Unaudited[];
}

/** Writes a batch in one transaction: all of it or, when this throws, nothing. */
export async function recordMessages(db: Db, messages: readonly MessageToRecord[], now: Date): Promise<Recorded> {
  if (messages.length === 0) return { watermarks: [], setAside: [], receipts: [], unaudited: [] };
  return await inTransaction(db, async (tx) => {
    const { accepted, setAside } = await admit(tx, messages);
    if (accepted.length === 0) return { watermarks: [], setAside, receipts: [], unaudited: [] };
    const stretches = stretchesOf(accepted);
    await lockWatermarks(tx, stretches, now);
    const written = await insertMessages(tx, accepted);
    const receipts = await recordReceipts(
      tx,
      written.flatMap(({ callId, kind, body }) =>
        kind === "event" ? { callId, name: body.name, at: body.at, offsetMs: body.offsetMs, data: body.data } : [],
      ),
    );
    const reached = await moveWatermarks(tx, stretches, now);
    const watermarks = stretches.map(({ organizationId, environment, callId, epoch }) => ({
      organizationId,
      environment,
      callId,
      epoch,
      seq: reached.get(`${callId}.${epoch}`) ?? 0,
    }));
    return { watermarks, setAside, receipts, unaudited: await listUnaudited(tx, stretches) };
  });
}

export interface DeadLetter {
  readonly subject: string;
  readonly data: string;
  readonly reason: string;
}

const LETTER_LIMIT = 64 * 1024;

/** Keeps messages that can never be recorded. The same one twice is kept once; of a huge one its beginning. */
export async function setAsideMessages(db: Db, letters: readonly DeadLetter[], now: Date): Promise<void> {
  if (letters.length === 0) return;
  await db
    .insertInto("dead_letters")
    .values(
      letters.map((letter) => ({
        digest: createHash("sha256").update(letter.subject).update("\n").update(letter.data).digest("hex"),
        subject: storable(letter.subject),
        data: storable(letter.data.slice(0, LETTER_LIMIT)),
        reason: storable(letter.reason),
        at: now,
      })),
    )
    .onConflict((conflict) => conflict.column("digest").doNothing())
    .execute();
}

type Stretch = Pick<MessageToRecord, "organizationId" | "environment" | "callId"> & { readonly epoch: number };

/** Only an epoch that was granted may write, and only into the organization that the call is of. */
async function admit(tx: Db, messages: readonly MessageToRecord[]) {
  const ids = [...new Set(messages.map((message) => message.callId))];
  const rows = await tx.selectFrom("calls").select(["id", "organization_id", "environment", "epoch"]).where("id", "in", ids).execute();
  const calls = new Map(rows.map((row) => [row.id, row]));
  const accepted: MessageToRecord[] = [];
  const setAside: { message: MessageToRecord; reason: SetAsideReason }[] = [];
  for (const message of messages) {
    const call = calls.get(message.callId);
    if (!call) setAside.push({ message, reason: "call_unknown" });
    else if (call.organization_id !== message.organizationId || call.environment !== message.environment) {
      setAside.push({ message, reason: "call_of_another_scope" });
    } else if (message.body.epoch < 1 || message.body.epoch > call.epoch) setAside.push({ message, reason: "epoch_never_granted" });
    else accepted.push(message);
  }
  return { accepted, setAside };
}

/** The (call, epoch) pairs of a batch, in one order for everybody, so that two batches never wait for each other in a circle. */
function stretchesOf(messages: readonly MessageToRecord[]): readonly Stretch[] {
  const byKey = new Map<string, Stretch>();
  for (const { organizationId, environment, callId, body } of messages) {
    byKey.set(`${callId}.${body.epoch}`, { organizationId, environment, callId, epoch: body.epoch });
  }
  return [...byKey.values()].sort((a, b) => (a.callId === b.callId ? a.epoch - b.epoch : a.callId < b.callId ? -1 : 1));
}

async function lockWatermarks(tx: Db, stretches: readonly Stretch[], now: Date): Promise<void> {
  await tx
    .insertInto("call_watermarks")
    .values(stretches.map(({ callId, epoch }) => ({ call_id: callId, epoch, seq: 0, updated_at: now })))
    .onConflict((conflict) => conflict.columns(["call_id", "epoch"]).doUpdateSet({ updated_at: now }))
    .execute();
}

/** @returns those that were not there before. */
async function insertMessages(tx: Db, messages: readonly MessageToRecord[]): Promise<readonly MessageToRecord[]> {
  const written = await tx
    .insertInto("call_events")
    .values(
      messages.map(({ callId, kind, body }) => ({
        call_id: callId,
        epoch: body.epoch,
        seq: body.seq,
        kind,
        name: kind === "event" ? body.name : null,
        offset_ms: kind === "event" ? body.offsetMs : kind === "transcript" ? body.startedMs : null,
        at: new Date(body.at),
        body: storableJson(body),
      })),
    )
    .onConflict((conflict) => conflict.columns(["call_id", "epoch", "seq"]).doNothing())
    .returning(["call_id", "epoch", "seq"])
    .execute();

  // What is derived is derived from what was written just now: of two messages with one identity the first is the record.
  const fresh = new Map(messages.map((message) => [identityOf(message.callId, message.body), message] as const).reverse());
  const derived = written.flatMap((row) => fresh.get(identityOf(row.call_id, row)) ?? []);
  await insertUtterances(tx, derived);
  await insertUsage(tx, derived);
  return derived;
}

async function insertUtterances(tx: Db, messages: readonly MessageToRecord[]): Promise<void> {
  const rows = messages.flatMap((message) => {
    if (message.kind !== "transcript") return [];
    const body = message.body;
    return {
      call_id: message.callId,
      epoch: body.epoch,
      seq: body.seq,
      delta: body.delta,
      position: body.position,
      item_id: storable(body.itemId),
      speaker: body.speaker,
      agent_slug: storable(body.agent),
      text: storable(body.text),
      generated_text: body.generatedText === undefined ? null : storable(body.generatedText),
      heard_ms: body.heardMs ?? null,
      generated_ms: body.generatedMs ?? null,
      interrupted: body.interrupted,
      transcription: body.transcription ?? null,
      started_ms: body.startedMs,
      ended_ms: body.endedMs,
      at: new Date(body.at),
    };
  });
  if (rows.length > 0) await tx.insertInto("utterances").values(rows).execute();
}

async function insertUsage(tx: Db, messages: readonly MessageToRecord[]): Promise<void> {
  const rows = messages.flatMap((message) => {
    if (message.kind !== "usage") return [];
    const body = message.body;
    return {
      call_id: message.callId,
      usage_id: storable(body.usageId),
      epoch: body.epoch,
      seq: body.seq,
      source: body.source,
      model: storable(body.model),
      estimated: body.estimated,
      input_text_tokens: body.inputTextTokens,
      input_audio_tokens: body.inputAudioTokens,
      cached_text_tokens: body.cachedTextTokens,
      cached_audio_tokens: body.cachedAudioTokens,
      output_text_tokens: body.outputTextTokens,
      output_audio_tokens: body.outputAudioTokens,
      seconds: body.seconds ?? null,
      at: new Date(body.at),
    };
  });
  // One response may be reported under two epochs; it is billed once.
  if (rows.length > 0) {
    await tx
      .insertInto("call_usage")
      .values(rows)
      .onConflict((conflict) => conflict.columns(["call_id", "usage_id"]).doNothing())
      .execute();
  }
}

async function moveWatermarks(tx: Db, stretches: readonly Stretch[], now: Date): Promise<ReadonlyMap<string, number>> {
  const moved = await sql<{ call_id: CallId; epoch: number; seq: number }>`
    update call_watermarks mark set
      updated_at = ${now},
      seq = mark.seq + (
        select count(*) from (
          select message.seq, row_number() over (order by message.seq) as place from call_events message
          where message.call_id = mark.call_id and message.epoch = mark.epoch and message.seq > mark.seq
        ) as ahead where ahead.seq = mark.seq + ahead.place
      )
    from unnest(${stretches.map((stretch) => stretch.callId)}::text[], ${stretches.map((stretch) => stretch.epoch)}::int[]) as touched (call_id, epoch)
    where mark.call_id = touched.call_id and mark.epoch = touched.epoch
    returning mark.call_id, mark.epoch, mark.seq`.execute(tx);
  return new Map(moved.rows.map((row) => [`${row.call_id}.${row.epoch}`, row.seq]));
}

function identityOf(callId: CallId, message: { readonly epoch: number; readonly seq: number }): string {
  return `${callId}.${message.epoch}.${message.seq}`;
}

/** Postgres takes neither NUL nor half a surrogate pair; a transcript must not be lost over one. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\uFFFD");
}

function storableJson(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) => {
    if (typeof field === "string") return storable(field);
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).map(([name, inner]) => [storable(name), inner]));
  });
}
