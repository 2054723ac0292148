/** Recordings of calls, part by part. */
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Call } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface RecordingPart {
  readonly epoch: number;
  readonly part: number;
  /** When the recording of this epoch began. */
  readonly startedAt: Date;
  readonly bytes: number;
}

/** Idempotent: a part that is there stays as it is. */
export async function appendRecordingPart(
  db: Db,
  call: Pick<Call, "id" | "organization_id" | "environment">,
  part: { readonly epoch: number; readonly part: number; readonly startedAt: Date; readonly audio: Uint8Array; readonly now: Date },
): Promise<void> {
  await db
    .insertInto("call_recording_parts")
    .values({
      call_id: call.id,
      epoch: part.epoch,
      part: part.part,
      organization_id: call.organization_id,
      environment: call.environment,
      started_at: part.startedAt,
      audio: Buffer.from(part.audio),
      created_at: part.now,
    })
    .onConflict((conflict) => conflict.columns(["call_id", "epoch", "part"]).doNothing())
    .execute();
}

/** What there is of a call's recording, in its order; empty: nothing. */
export async function listRecordingParts(db: Db, scope: Scope, callId: CallId): Promise<readonly RecordingPart[]> {
  const rows = await db
    .selectFrom("call_recording_parts")
    .select(["epoch", "part", "started_at", sql<number>`length(audio)`.as("bytes")])
    .where("call_id", "=", callId)
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .orderBy("epoch")
    .orderBy("part")
    .execute();
  return rows.map((row) => ({ epoch: row.epoch, part: row.part, startedAt: row.started_at, bytes: row.bytes }));
}

/** `undefined`: it was deleted meanwhile. */
export async function getRecordingAudio(
  db: Db,
  scope: Scope,
  callId: CallId,
  { epoch, part }: Pick<RecordingPart, "epoch" | "part">,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom("call_recording_parts")
    .select("audio")
    .where("call_id", "=", callId)
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("epoch", "=", epoch)
    .where("part", "=", part)
    .executeTakeFirst();
  return row?.audio;
}

/** Some thousand at a time, so that no sweep holds the table for long. Returns how many. */
export async function deleteOldRecordings(db: Db, before: Date): Promise<number> {
  const old = db
    .selectFrom("call_recording_parts")
    .select(["call_id", "epoch", "part"])
    .where("created_at", "<", before)
    .limit(DELETED_AT_ONCE);
  const deleted = await db
    .deleteFrom("call_recording_parts")
    .where(({ eb, refTuple }) => eb(refTuple("call_id", "epoch", "part"), "in", old.$asTuple("call_id", "epoch", "part")))
    .executeTakeFirst();
  return Number(deleted.numDeletedRows);
}

const DELETED_AT_ONCE = 1_000;
