/**
 * Calls that are placed. The call's row is the intent: it is there before Twilio is asked, and one CallSid claims it, whoever brings that one
 * first (Twilio's answer, a status callback, the answered phone). Every other leg of the same intent is nobody's, and is hung up.
 */
import {
  GRANT_TTL_MS,
  PENDING_DEADLINE_MS,
  PLACING_DEADLINE_MS,
  QUEUE_DEADLINE_MS,
  RING_SLACK_MS,
  type VoicemailPolicy,
} from "@struere/domain";
import { type CallId, Fault, type NodeId } from "@struere/kernel";
import { sql } from "kysely";
import { type CallToCreate, createPlacedCall } from "./calls.ts";
import { type Db, inTransaction } from "./database.ts";
import { digestOf } from "./digest.ts";
import type { Call, CallPlacement } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface PlacedCall {
  readonly call: Call;
  readonly placement: CallPlacement;
}

export interface CallToPlace {
  readonly call: Omit<Parameters<typeof createPlacedCall>[2], "pendingDeadline" | "callSid"> & Pick<CallToCreate, "now">;
  /** The asker's name for it; `null`: it has none, and asking again places another call. */
  readonly idempotencyKey: string | null;
  /** What was asked for, in whatever words. */
  readonly request: unknown;
  readonly ringSeconds: number;
  readonly voicemail: VoicemailPolicy;
  readonly dialAt: Date;
}

/** In the transaction in which it was admitted. */
export async function writePlacement(tx: Db, scope: Scope, asked: CallToPlace): Promise<PlacedCall> {
  const { dialAt } = asked;
  const call = await createPlacedCall(tx, scope, {
    ...asked.call,
    callSid: null,
    pendingDeadline: new Date(dialAt.getTime() + PLACING_DEADLINE_MS),
  });
  const placement = await tx
    .insertInto("call_placements")
    .values({
      call_id: call.id,
      organization_id: scope.organizationId,
      environment: scope.environment,
      idempotency_key: asked.idempotencyKey,
      request_digest: digestOf(asked.request),
      ring_seconds: asked.ringSeconds,
      voicemail: JSON.stringify(asked.voicemail),
      dial_at: dialAt,
      asked_at: null,
      answered_by: null,
      problem: null,
      created_at: asked.call.now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { call, placement };
}

/**
 * The call that was placed under this name.
 * @throws Fault already_exists when it was used for another request.
 */
export async function findPlacementByKey(
  db: Db,
  scope: Scope,
  { key, request }: { readonly key: string; readonly request: unknown },
): Promise<PlacedCall | undefined> {
  const placement = await db
    .selectFrom("call_placements")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("idempotency_key", "=", key)
    .executeTakeFirst();
  if (!placement) return undefined;
  if (placement.request_digest !== digestOf(request)) {
    throw new Fault("already_exists", "this idempotency key was used for a call with other values; use a new key for another call");
  }
  return await withCall(db, placement);
}

/** For Twilio's webhooks and the placing itself. */
export async function findPlacement(db: Db, callId: CallId): Promise<PlacedCall | undefined> {
  const placement = await db.selectFrom("call_placements").selectAll().where("call_id", "=", callId).executeTakeFirst();
  return placement && (await withCall(db, placement));
}

async function withCall(db: Db, placement: CallPlacement): Promise<PlacedCall> {
  return { placement, call: await db.selectFrom("calls").selectAll().where("id", "=", placement.call_id).executeTakeFirstOrThrow() };
}

/** Written before each time that Twilio is asked. `false`: the call is over or has its leg already, and nobody may be asked. */
export async function beginAsking(db: Db, callId: CallId, now: Date): Promise<boolean> {
  const asking = await db
    .updateTable("call_placements as placement")
    .set({ asked_at: sql<Date>`coalesce(placement.asked_at, ${now})`, attempts: sql<number>`placement.attempts + 1` })
    .where("placement.call_id", "=", callId)
    .where((where) =>
      where.exists(
        where
          .selectFrom("calls")
          .select("calls.id")
          .where("calls.id", "=", callId)
          .where("calls.status", "=", "pending")
          .where("calls.twilio_call_sid", "is", null),
      ),
    )
    .executeTakeFirst();
  return asking.numUpdatedRows > 0n;
}

/** Why Twilio did not take the call, in words. */
export async function notePlacementProblem(db: Db, callId: CallId, problem: string): Promise<void> {
  await db
    .updateTable("call_placements")
    .set({ problem: problem.slice(0, 1_000) })
    .where("call_id", "=", callId)
    .execute();
}

/**
 * The leg of an intent. The first one claims it for good: `claimed` is false for every other. A call that is over is claimed, too, so that its
 * record names the leg that has to be hung up.
 */
export async function claimLeg(
  db: Db,
  leg: { readonly callId: CallId; readonly callSid: string; readonly now: Date },
): Promise<{ readonly call: Call; readonly claimed: boolean } | undefined> {
  const { callId, callSid, now } = leg;
  return await inTransaction(db, async (tx) => {
    const row = await tx.selectFrom("calls").selectAll().where("id", "=", callId).forUpdate().executeTakeFirst();
    if (!row) return undefined;
    if (row.twilio_call_sid !== null) return { call: row, claimed: row.twilio_call_sid === callSid };
    const taken = await tx.selectFrom("calls").select("id").where("twilio_call_sid", "=", callSid).executeTakeFirst();
    if (taken) return { call: row, claimed: false };
    const ringSeconds = await ringSecondsOf(tx, callId);
    const claimed = await tx
      .updateTable("calls")
      .set({
        twilio_call_sid: callSid,
        ...(row.status === "pending" ? { pending_deadline: after(now, QUEUE_DEADLINE_MS + ringSeconds * 1_000 + RING_SLACK_MS) } : {}),
      })
      .where("id", "=", callId)
      .returningAll()
      .executeTakeFirstOrThrow();
    return { call: claimed, claimed: true };
  });
}

async function ringSecondsOf(tx: Db, callId: CallId): Promise<number> {
  const row = await tx.selectFrom("call_placements").select("ring_seconds").where("call_id", "=", callId).executeTakeFirst();
  return row?.ring_seconds ?? 0;
}

/** Those that are no call's that we know. */
export async function unknownSids(db: Db, callSids: readonly string[]): Promise<readonly string[]> {
  if (callSids.length === 0) return [];
  const known = await db.selectFrom("calls").select("twilio_call_sid").where("twilio_call_sid", "in", callSids).execute();
  return callSids.filter((callSid) => !known.some((row) => row.twilio_call_sid === callSid));
}

/** Somebody has picked up: the grant begins, once. A question that comes again gets the same row. `undefined`: the call is over. */
export async function answerPlacedCall(
  db: Db,
  answer: { readonly callId: CallId; readonly nodeId: NodeId; readonly now: Date },
): Promise<Call | undefined> {
  const { callId, nodeId, now } = answer;
  return await inTransaction(db, async (tx) => {
    const row = await tx.selectFrom("calls").selectAll().where("id", "=", callId).forUpdate().executeTakeFirst();
    if (row?.status !== "pending" && row?.status !== "active") return undefined;
    if (row.status === "active" || row.grant_expires_at !== null) return row;
    return await tx
      .updateTable("calls")
      .set({ grant_expires_at: after(now, GRANT_TTL_MS), pending_deadline: after(now, PENDING_DEADLINE_MS), node_id: nodeId })
      .where("id", "=", callId)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

/** What detection says, the first time that it says it. `undefined`: nothing was placed under this id, or it was said before. */
export async function recordAnsweredBy(db: Db, callId: CallId, answeredBy: string): Promise<PlacedCall | undefined> {
  const placement = await db
    .updateTable("call_placements")
    .set({ answered_by: answeredBy })
    .where("call_id", "=", callId)
    .where("answered_by", "is", null)
    .returningAll()
    .executeTakeFirst();
  return placement && (await withCall(db, placement));
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
