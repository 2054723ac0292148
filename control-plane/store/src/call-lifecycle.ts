/**
 * What moves a call along. The rules are the domain's (call-record.ts); here the row is locked, the rule is asked, and the answer is
 * written with the epoch in the `where`, so that a node of an older epoch changes nothing.
 */
import {
  CARRIER_END_GRACE_MS,
  type CallOutcome,
  carrierAdvances,
  type Claim,
  claimCall as decideClaim,
  type ClaimProblem,
  endBeforeAnswer,
  endCall as decideEnd,
  FORGOTTEN_MS,
  HOLD_EXPIRES_MS,
  type EndProblem,
  isCarrierEnd,
  isOver,
  LEASE_EXPIRES_MS,
  RINGING_DEADLINE_MS,
  SIGN_OF_LIFE_MS,
} from "@struere/domain";
import { type CallId, err, type NodeId, ok, type Result } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { renewHolds } from "./ledger-holds.ts";
import type { Call } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface ClaimRequest extends Claim {
  readonly callId: CallId;
  readonly nodeId: NodeId;
  readonly callSid: string;
  readonly accountSid: string;
  readonly now: Date;
}

/** Takes the call for one epoch. A repeated claim of the same node and stream is answered as the first was. */
export async function claimCall(
  db: Db,
  claim: ClaimRequest,
): Promise<Result<Call, ClaimProblem | "call_not_found" | "call_sid_differs" | "account_sid_differs">> {
  return await inTransaction(db, async (tx) => {
    const row = await tx.selectFrom("calls").selectAll().where("id", "=", claim.callId).forUpdate().executeTakeFirst();
    if (!row) return err("call_not_found");
    if (row.twilio_call_sid !== claim.callSid) return err("call_sid_differs");
    if (row.twilio_account_sid !== claim.accountSid) return err("account_sid_differs");
    const decided = decideClaim(recordOf(row), claim);
    if (!decided.ok) return decided;
    if (decided.value.repeated) return ok(row);
    const claimed = await tx
      .updateTable("calls")
      .set({
        status: "active",
        epoch: claim.epoch,
        node_id: claim.nodeId,
        stream_sid: claim.streamSid,
        answered_at: row.answered_at ?? claim.now,
        lease_expires_at: after(claim.now, LEASE_EXPIRES_MS),
        audio_moved_at: claim.now,
        frames_in: 0,
        pending_deadline: null,
      })
      .where("id", "=", claim.callId)
      .where("epoch", "=", claim.epoch - 1)
      .returningAll()
      .executeTakeFirstOrThrow();
    await setThreadStatus(tx, [claimed], claim.now);
    return ok(claimed);
  });
}

export interface LeaseToRenew {
  readonly callId: CallId;
  readonly epoch: number;
  readonly framesIn: number;
}

export interface RenewedLeases {
  /** Calls that this node does not hold (any more) under these epochs: it must fall silent in them. */
  readonly lost: readonly CallId[];
  /** What the others have to do. */
  readonly advice: readonly { readonly callId: CallId; readonly action: string; readonly reason: string }[];
}

/**
 * A call that somebody else has ended is being cut at the carrier: its node keeps it for so long, to say in order what was heard last and that
 * it is over. Beyond that it falls silent.
 */
const STOPPED_GRACE_MS = 5_000;

export async function renewLeases(
  db: Db,
  renewal: { readonly nodeId: NodeId; readonly leases: readonly LeaseToRenew[]; readonly now: Date },
): Promise<RenewedLeases> {
  if (renewal.leases.length === 0) return { lost: [], advice: [] };
  const { leases, nodeId, now } = renewal;
  const renewed = await sql<Pick<Call, "id" | "advice" | "advice_reason">>`
    update calls set
      lease_expires_at = case when status = 'active' then ${after(now, LEASE_EXPIRES_MS)}::timestamptz end,
      audio_moved_at = case when lease.frames_in > calls.frames_in then ${now} else calls.audio_moved_at end,
      frames_in = greatest(calls.frames_in, lease.frames_in)
    from (
      select distinct on (call_id) * from unnest(
        ${leases.map((lease) => lease.callId)}::text[], ${leases.map((lease) => lease.epoch)}::int[], ${leases.map((lease) => lease.framesIn)}::bigint[]
      ) as given (call_id, epoch, frames_in) order by call_id, epoch desc
    ) as lease
    where calls.id = lease.call_id and calls.epoch = lease.epoch and calls.node_id = ${nodeId}
      and (calls.status = 'active' or (calls.last_seq is null and calls.ended_at > ${after(now, -STOPPED_GRACE_MS)}))
    returning calls.id, calls.advice, calls.advice_reason`.execute(db);
  const held = new Set(renewed.rows.map((row) => row.id));
  // Its credit is reserved for as long as it lives.
  await renewHolds(db, { callIds: [...held], expiresAt: after(now, HOLD_EXPIRES_MS) });
  return {
    lost: leases.map((lease) => lease.callId).filter((id) => !held.has(id)),
    advice: renewed.rows.flatMap(({ id, advice, advice_reason: reason }) =>
      advice === null ? [] : [{ callId: id, action: advice, reason: reason ?? "" }],
    ),
  };
}

export interface CallEnd {
  readonly callId: CallId;
  readonly epoch: number;
  readonly outcome: CallOutcome;
  readonly reason: string;
  readonly durationMs: number;
  /** `null`: whoever ends it does not know how many messages the node has published. */
  readonly lastSeq: number | null;
  readonly now: Date;
}

/** Ends a call in the record, once. A call that somebody else ended first still learns how long it was and how many messages it has. */
export async function endCall(
  db: Db,
  end: CallEnd,
): Promise<Result<{ readonly call: Call; readonly endedNow: boolean }, EndProblem | "call_not_found">> {
  return await inTransaction(db, async (tx) => {
    const row = await tx.selectFrom("calls").selectAll().where("id", "=", end.callId).forUpdate().executeTakeFirst();
    if (!row) return err("call_not_found");
    const decided = decideEnd(recordOf(row), end);
    if (!decided.ok) return decided;
    if (!decided.value.endedNow) {
      if (row.epoch !== end.epoch || row.last_seq !== null) return ok({ call: row, endedNow: false });
      const completed = await tx
        .updateTable("calls")
        .set({ duration_ms: end.durationMs, last_seq: end.lastSeq })
        .where("id", "=", end.callId)
        .returningAll()
        .executeTakeFirstOrThrow();
      return ok({ call: completed, endedNow: false });
    }
    const ended = await tx
      .updateTable("calls")
      .set({
        status: end.outcome,
        reason: end.reason,
        ended_at: end.now,
        duration_ms: end.durationMs,
        last_seq: end.lastSeq,
        lease_expires_at: null,
        pending_deadline: null,
      })
      .where("id", "=", end.callId)
      .where("epoch", "=", end.epoch)
      .returningAll()
      .executeTakeFirstOrThrow();
    await setThreadStatus(tx, [ended], end.now);
    return ok({ call: ended, endedNow: true });
  });
}

/** A call that was to be placed and could not, or that was answered by nobody's media node: over, if it is still pending. */
export async function failPendingCall(
  db: Db,
  failure: { readonly callId: CallId; readonly reason: string; readonly now: Date },
): Promise<Call | undefined> {
  return await inTransaction(db, async (tx) => {
    const failed = await tx
      .updateTable("calls")
      .set({ status: "failed", reason: failure.reason, ended_at: failure.now, duration_ms: 0, pending_deadline: null })
      .where("id", "=", failure.callId)
      .where("status", "=", "pending")
      .returningAll()
      .executeTakeFirst();
    if (failed) await setThreadStatus(tx, [failed], failure.now);
    return failed;
  });
}

/**
 * Ends a call because somebody wants it to end: the caller of this has the line cut, which ends it at its node; a node that still moves audio
 * after STOPPED_GRACE_MS learns with the next renewal of its lease that it has lost the call, and falls silent. A call that is over stays as it is. `undefined`: this scope has no such call.
 */
export async function stopCall(
  db: Db,
  scope: Scope,
  stop: { readonly callId: CallId; readonly outcome: CallOutcome; readonly reason: string; readonly now: Date },
): Promise<{ readonly call: Call; readonly endedNow: boolean } | undefined> {
  const { callId, outcome, reason, now } = stop;
  return await inTransaction(db, async (tx) => {
    const row = await tx
      .selectFrom("calls")
      .selectAll()
      .where("id", "=", callId)
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .forUpdate()
      .executeTakeFirst();
    if (!row) return undefined;
    if (isOver(row.status)) return { call: row, endedNow: false };
    const stopped = await tx
      .updateTable("calls")
      .set({
        status: outcome,
        reason,
        ended_at: now,
        duration_ms: row.answered_at === null ? 0 : Math.max(0, now.getTime() - row.answered_at.getTime()),
        lease_expires_at: null,
        pending_deadline: null,
      })
      .where("id", "=", callId)
      .returningAll()
      .executeTakeFirstOrThrow();
    await setThreadStatus(tx, [stopped], now);
    return { call: stopped, endedNow: true };
  });
}

/**
 * What a status callback says. It only ever leads further: duplicates and stragglers change nothing. The carrier's end closes a call that
 * no node has; a call that a node holds is left to the node, which knows how it ended, and to the sweep when the node says nothing.
 */
export async function recordCarrierStatus(
  db: Db,
  report: {
    readonly callSid: string;
    /** Of whoever reports it: another account's calls are not there. */
    readonly accountSid: string;
    readonly status: string;
    readonly sequence: number | null;
    readonly durationS?: number | null;
    readonly now: Date;
  },
): Promise<{ readonly call: Call; readonly endedNow: boolean } | undefined> {
  return await inTransaction(db, async (tx) => {
    const row = await tx
      .selectFrom("calls")
      .selectAll()
      .where("twilio_call_sid", "=", report.callSid)
      .where("twilio_account_sid", "=", report.accountSid)
      .forUpdate()
      .executeTakeFirst();
    if (!row) return undefined;
    if (!carrierAdvances(row.carrier_status, report.status)) return { call: row, endedNow: false };
    const over = isCarrierEnd(report.status);
    const ending = over && row.status === "pending" ? endBeforeAnswer(report.status, row.direction) : null;
    const updated = await tx
      .updateTable("calls")
      .set({
        carrier_status: report.status,
        carrier_sequence: report.sequence,
        ...(over ? { carrier_ended_at: report.now, carrier_duration_s: report.durationS ?? null } : {}),
        ...(report.status === "ringing" && row.status === "pending" ? { pending_deadline: after(report.now, RINGING_DEADLINE_MS) } : {}),
        ...(ending ? { status: ending.outcome, reason: ending.reason, ended_at: report.now, duration_ms: 0, pending_deadline: null } : {}),
      })
      .where("id", "=", row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    if (ending) await setThreadStatus(tx, [updated], report.now);
    return { call: updated, endedNow: ending !== null };
  });
}

/**
 * Ends what nobody will end any more: pending past its deadline; active with a dead lease that the carrier says is over; active without
 * any sign of life although its node has some, for a minute; active without any sign of life for two hours. A call that is alive is never touched. Safe to run in every process: rows that somebody else has are skipped.
 * @returns the calls that this run ended.
 */
export async function sweepCalls(db: Db, options: { readonly now: Date; readonly limit?: number }): Promise<readonly Call[]> {
  const { now } = options;
  return await inTransaction(db, async (tx) => {
    const overdue = await tx
      .selectFrom("calls")
      .select(["id", "status", "carrier_status", "direction", "twilio_call_sid"])
      .where((where) =>
        where.or([
          where.and([where("status", "=", "pending"), where("pending_deadline", "<", now)]),
          where.and([
            where("status", "=", "active"),
            where("lease_expires_at", "<", now),
            where("carrier_ended_at", "<", after(now, -CARRIER_END_GRACE_MS)),
          ]),
          // Its node is heard of, and says nothing of this call: the node never took it up, or has forgotten it.
          where.and([
            where("status", "=", "active"),
            where("lease_expires_at", "<", after(now, -FORGOTTEN_MS)),
            where.exists(
              where
                .selectFrom("nodes")
                .select("nodes.id")
                .whereRef("nodes.id", "=", "calls.node_id")
                .where(sql<boolean>`nodes.heartbeat_at > calls.lease_expires_at + ${FORGOTTEN_MS} * interval '1 millisecond'`),
            ),
          ]),
          where.and([where("status", "=", "active"), where("lease_expires_at", "<", after(now, -SIGN_OF_LIFE_MS))]),
        ]),
      )
      .orderBy("id")
      .limit(options.limit ?? 100)
      .forUpdate()
      .skipLocked()
      .execute();
    const swept: Call[] = [];
    for (const row of overdue) {
      const ending =
        row.status === "pending"
          ? ({
              status: "failed",
              reason: row.direction === "outbound" && row.twilio_call_sid === null ? "never_placed" : "never_answered",
            } as const)
          : row.carrier_status === "completed"
            ? ({ status: "completed", reason: "carrier_ended" } as const)
            : ({ status: "failed", reason: "node_lost" } as const);
      swept.push(
        await tx
          .updateTable("calls")
          .set({
            ...ending,
            ended_at: now,
            duration_ms: sql<number>`case when answered_at is null then 0 else greatest(0, round(1000 * extract(epoch from coalesce(carrier_ended_at, ${now}) - answered_at)))::bigint end`,
            lease_expires_at: null,
            pending_deadline: null,
          })
          .where("id", "=", row.id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
    }
    await setThreadStatus(tx, swept, now);
    return swept;
  });
}

/** A call's thread says what the call says. */
async function setThreadStatus(tx: Db, calls: readonly Call[], now: Date): Promise<void> {
  for (const call of calls) {
    await tx.updateTable("threads").set({ channel_status: call.status, updated_at: now }).where("id", "=", call.thread_id).execute();
  }
}

function recordOf(row: Call) {
  return { status: row.status, epoch: row.epoch, nodeId: row.node_id, streamSid: row.stream_sid };
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
