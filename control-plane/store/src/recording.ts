/**
 * The record of what a call said. Messages come at least once and in any order; (call, epoch, seq) is their identity, so that writing one
 * again changes nothing. The watermark of (call, epoch) is the highest seq below which nothing is missing; it is moved in the same
 * transaction, under a lock of its row, so that two control planes that write the same call agree.
 */
import { createHash } from "node:crypto";
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { recordReceipts, type Unaudited } from "./recording-auditor.ts";
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
    const { accepted, stretches, setAside } = await admit(tx, messages, now);
    if (accepted.length === 0) return { watermarks: [], setAside, receipts: [], unaudited: [] };
    const written = await insertMessages(tx, accepted);
    const receipts = await recordReceipts(
      tx,
      written.flatMap(({ callId, kind, body }) =>
        kind === "event" ? { callId, name: body.name, at: body.at, offsetMs: body.offsetMs, data: body.data } : [],
      ),
    );
    const reached = await moveWatermarks(tx, stretches, now);
    const watermarks = stretches.map((stretch) => ({ ...stretch, seq: reached.get(keyOf(stretch))?.seq ?? 0 }));
    const unaudited = stretches.flatMap((stretch) => {
      const delta = reached.get(keyOf(stretch))?.unaudited ?? null;
      return delta === null ? [] : { ...stretch, delta };
    });
    return { watermarks, setAside, receipts, unaudited };
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

/** Only an epoch that was granted may write, and only into the organization that the call is of. Those that may are locked. */
async function admit(tx: Db, messages: readonly MessageToRecord[], now: Date) {
  const stretches = await lockWatermarks(tx, stretchesOf(messages), now);
  const theirs = new Set(stretches.map(placeOf));
  const accepted = messages.filter((message) => theirs.has(placeOf({ ...message, epoch: message.body.epoch })));
  const others = messages.filter((message) => !accepted.includes(message));
  return { accepted, stretches, setAside: others.length === 0 ? [] : await reasonsFor(tx, others) };
}

async function reasonsFor(tx: Db, messages: readonly MessageToRecord[]): Promise<Recorded["setAside"]> {
  const ids = [...new Set(messages.map((message) => message.callId))];
  const rows = await tx.selectFrom("calls").select(["id", "organization_id", "environment"]).where("id", "in", ids).execute();
  const calls = new Map(rows.map((row) => [row.id, row]));
  return messages.map((message) => {
    const call = calls.get(message.callId);
    if (!call) return { message, reason: "call_unknown" };
    const isTheirs = call.organization_id === message.organizationId && call.environment === message.environment;
    return { message, reason: isTheirs ? "epoch_never_granted" : "call_of_another_scope" };
  });
}

/** The (call, epoch) pairs of a batch, in one order for everybody, so that two batches never wait for each other in a circle. */
function stretchesOf(messages: readonly MessageToRecord[]): readonly Stretch[] {
  const byPlace = new Map<string, Stretch>();
  for (const { organizationId, environment, callId, body } of messages) {
    const stretch = { organizationId, environment, callId, epoch: body.epoch };
    byPlace.set(placeOf(stretch), stretch);
  }
  return [...byPlace.values()].sort((a, b) => (a.callId === b.callId ? a.epoch - b.epoch : a.callId < b.callId ? -1 : 1));
}

const keyOf = ({ callId, epoch }: Pick<Stretch, "callId" | "epoch">): string => `${callId}.${epoch}`;

const placeOf = ({ organizationId, environment, callId, epoch }: Stretch): string => `${environment}.${organizationId}.${callId}.${epoch}`;

/** @returns those that there are: whose call is theirs, and whose epoch was granted. */
async function lockWatermarks(tx: Db, stretches: readonly Stretch[], now: Date): Promise<readonly Stretch[]> {
  const { rows } = await sql<Stretch>`
    with locked as (
      insert into call_watermarks (call_id, epoch, seq, updated_at)
      select call.id, asked.epoch, 0, ${now}
      from unnest(${stretches.map((one) => one.callId)}::text[], ${stretches.map((one) => one.organizationId)}::text[],
        ${stretches.map((one) => one.environment)}::environment[], ${stretches.map((one) => one.epoch)}::int[])
        with ordinality as asked (call_id, organization_id, environment, epoch, place)
      join calls call on call.id = asked.call_id and call.organization_id = asked.organization_id
        and call.environment = asked.environment and asked.epoch between 1 and call.epoch
      order by asked.place
      on conflict (call_id, epoch) do update set updated_at = excluded.updated_at
      returning call_id, epoch
    )
    select locked.call_id as "callId", locked.epoch, call.organization_id as "organizationId", call.environment
    from locked join calls call on call.id = locked.call_id`.execute(tx);
  return rows;
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

interface Reached {
  readonly seq: number;
  /** Words within the watermark that the call's auditor has not read, up to this one. */
  readonly unaudited: number | null;
}

async function moveWatermarks(tx: Db, stretches: readonly Stretch[], now: Date): Promise<ReadonlyMap<string, Reached>> {
  const { rows } = await sql<Reached & { readonly callId: CallId; readonly epoch: number }>`
    with moved as (
      update call_watermarks mark set
        updated_at = ${now},
        seq = mark.seq + (
          select count(*) from (
            select message.seq, row_number() over (order by message.seq) as place from call_events message
            where message.call_id = mark.call_id and message.epoch = mark.epoch and message.seq > mark.seq
          ) as ahead where ahead.seq = mark.seq + ahead.place
        )
      from unnest(${stretches.map((one) => one.callId)}::text[], ${stretches.map((one) => one.epoch)}::int[]) as touched (call_id, epoch)
      where mark.call_id = touched.call_id and mark.epoch = touched.epoch
      returning mark.call_id, mark.epoch, mark.seq
    )
    select moved.call_id as "callId", moved.epoch, moved.seq, (
      select max(utterance.delta)::int
      from utterances utterance
      join calls call on call.id = utterance.call_id and call.config -> 'auditor' is not null
      left join call_audits audited on audited.call_id = call.id
      where utterance.call_id = moved.call_id and utterance.epoch = moved.epoch and utterance.seq <= moved.seq and utterance.text <> ''
        and (utterance.epoch, utterance.delta) > (coalesce(audited.audited_epoch, 0), coalesce(audited.audited_delta, 0))
    ) as unaudited
    from moved`.execute(tx);
  return new Map(rows.map((row) => [keyOf(row), row]));
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
