/**
 * Audits of calls: who reads now, how far the reading has come, what each audit was. The row of the call in `call_audits` is locked while it
 * is decided (domain: auditing.ts), so that of all who ask at once one reads; it reads under a lease, and only the holder of the lease ends it.
 */
import { randomUUID } from "node:crypto";
import {
  AUDIT_ATTEMPTS_MAX,
  AUDIT_GIVEN_UP_MS,
  AUDIT_LEASE_MS,
  type AuditDecision,
  auditIdOf,
  decideAudit,
  isOver,
  type ReadTo,
} from "@struere/domain";
import type { CallId, ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import { auditFactsOf, type AuditState, auditStateOf, lockAuditState } from "./audit-state.ts";
import { type Db, inTransaction } from "./database.ts";
import { cleanJson, cleanText } from "./plain-text.ts";
import type { Audit, Call, JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** An audit that is the asker's to run. */
export interface AuditLease {
  readonly token: string;
  readonly audit: Audit;
  readonly call: Call;
  readonly read: ReadTo;
  readonly to: ReadTo;
  /** The auditor's thread, once there is one. */
  readonly threadId: ThreadId | null;
  readonly notes: string;
}

export type AuditBegin =
  | { readonly kind: "run"; readonly lease: AuditLease }
  | Exclude<AuditDecision, { readonly kind: "run" }>
  | { readonly kind: "not_found" | "not_audited" };

/** Most who ask learn from one look that there is nothing to do now; only who may read takes the lock and is decided about again. */
export async function beginAudit(db: Db, asked: { readonly callId: CallId; readonly now: Date }): Promise<AuditBegin> {
  const { callId, now } = asked;
  const glance = await lookAt(db, callId, now);
  if (glance.kind !== "run") return glance;
  return await inTransaction(db, async (tx) => {
    await lockAuditState(tx, callId);
    const decided = await lookAt(tx, callId, now);
    return decided.kind === "run" ? { kind: "run", lease: await takeLease(tx, decided, now) } : decided;
  });
}

type Look =
  | { readonly kind: "run"; readonly state: AuditState; readonly to: ReadTo }
  | Exclude<AuditDecision, { readonly kind: "run" }>
  | { readonly kind: "not_found" | "not_audited" };

async function lookAt(db: Db, callId: CallId, now: Date): Promise<Look> {
  const state = await auditStateOf(db, callId);
  if (!state) return { kind: "not_found" };
  if (state.agentSlug === null) return { kind: "not_audited" };
  const decision = decideAudit(auditFactsOf(state, now));
  return decision.kind === "run" ? { ...decision, state } : decision;
}

async function takeLease(tx: Db, { state, to }: { readonly state: AuditState; readonly to: ReadTo }, now: Date): Promise<AuditLease> {
  const call = await tx.selectFrom("calls").selectAll().where("id", "=", state.callId).executeTakeFirstOrThrow();
  const read = { epoch: state.auditedEpoch, delta: state.auditedDelta };
  const id = state.auditId ?? auditIdOf(call.id, read, to);
  const token = randomUUID();
  const audit = await tx
    .with("leased", (of) =>
      of
        .updateTable("call_audits")
        .set({ audit_id: id, lease_token: token, lease_expires_at: after(now, AUDIT_LEASE_MS) })
        .where("call_id", "=", call.id)
        .returning("call_id"),
    )
    .insertInto("audits")
    .values(rowOf(state, { id, read, to, status: "running", reason: null, startedAt: now, endedAt: null }))
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((old) => ({
        status: "running",
        reason: null,
        attempts: sql<number>`${old.ref("audits.attempts")} + 1`,
        after_call: isOver(state.status),
        ended_at: null,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return { token, audit, call, read, to, threadId: state.threadId, notes: state.notes };
}

/** False: the lease was lost, somebody else may be reading. */
export async function renewAudit(db: Db, lease: { readonly callId: CallId; readonly token: string; readonly now: Date }): Promise<boolean> {
  const renewed = await db
    .updateTable("call_audits")
    .set({ lease_expires_at: after(lease.now, AUDIT_LEASE_MS) })
    .where("call_id", "=", lease.callId)
    .where("lease_token", "=", lease.token)
    .returning("call_id")
    .executeTakeFirst();
  return renewed !== undefined;
}

/** The auditor's thread of this call, from its first audit on. */
export async function setAuditThread(
  db: Db,
  lease: AuditLease,
  thread: { readonly id: ThreadId; readonly agentVersion: number },
): Promise<void> {
  await db
    .with("state", (of) =>
      of.updateTable("call_audits").set({ thread_id: thread.id }).where("call_id", "=", lease.call.id).returning("call_id"),
    )
    .updateTable("audits")
    .set({ thread_id: thread.id, agent_version: thread.agentVersion })
    .where("id", "=", lease.audit.id)
    .execute();
}

export interface AuditEnd {
  readonly outcome: "done" | "failed";
  readonly reason: string | null;
  /** Of an audit that is done. */
  readonly notes: string;
  readonly usage: readonly JsonObject[];
  readonly toolCalls: readonly JsonObject[];
  readonly now: Date;
}

export interface AuditEnded {
  /** False: the lease was lost, and this attempt counts for nothing. */
  readonly held: boolean;
  readonly attempts: number;
  /** Whether it will be tried again, under this name or with what was said since. */
  readonly again: boolean;
}

export async function endAudit(db: Db, lease: AuditLease, end: AuditEnd): Promise<AuditEnded> {
  const { audit, call, to, token } = lease;
  const attempts = audit.attempts;
  const givenUp = call.ended_at !== null && end.now.getTime() - call.ended_at.getTime() > AUDIT_GIVEN_UP_MS;
  const done = end.outcome === "done";
  // The same words again, by whoever asks next: its lease is over.
  const sameAgain = !done && attempts < AUDIT_ATTEMPTS_MAX && !givenUp;
  const ended = await db
    .with("held", (of) =>
      of
        .updateTable("call_audits")
        .set({
          last_ended_at: end.now,
          ...(done || givenUp ? { audited_epoch: to.epoch, audited_delta: to.delta } : {}),
          ...(done ? { notes: cleanText(end.notes) } : {}),
          ...(sameAgain ? { lease_expires_at: end.now } : { audit_id: null, lease_token: null, lease_expires_at: null }),
        })
        .where("call_id", "=", call.id)
        .where("lease_token", "=", token)
        .returning("call_id"),
    )
    .updateTable("audits")
    .set({
      status: end.outcome,
      reason: end.reason,
      ended_at: end.now,
      usage: cleanJson(end.usage),
      tool_calls: cleanJson(end.toolCalls),
    })
    .where("id", "=", audit.id)
    .where((of) => of.exists(of.selectFrom("held").select("held.call_id")))
    .returning("id")
    .executeTakeFirst();
  if (!ended) return { held: false, attempts, again: true };
  if (sameAgain) return { held: true, attempts, again: true };
  const left = await auditStateOf(db, call.id);
  // Words that come after this look wake somebody by themselves.
  const again = left !== undefined && decideAudit({ ...auditFactsOf(left, end.now), pollIntervalMs: 0 }).kind !== "nothing";
  return { held: true, attempts, again };
}

/** An audit that nobody had room for: in the record, and its words are still to be read. False: the call is over, or has no auditor. */
export async function skipAudit(db: Db, skip: { readonly callId: CallId; readonly reason: string; readonly now: Date }): Promise<boolean> {
  const { callId, reason, now } = skip;
  const state = await auditStateOf(db, callId);
  if (!state || state.agentSlug === null || isOver(state.status)) return false;
  const { newest } = auditFactsOf(state, now);
  if (newest === null) return true;
  const read = { epoch: state.auditedEpoch, delta: state.auditedDelta };
  const id = `${auditIdOf(callId, read, newest)}.skipped`;
  await db
    .insertInto("audits")
    .values({ ...rowOf(state, { id, read, to: newest, status: "skipped", reason, startedAt: now, endedAt: now }), attempts: 0 })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return true;
}

/** In the order in which they began. */
export async function listAudits(db: Db, scope: Scope, callId: CallId): Promise<readonly Audit[]> {
  return await db
    .selectFrom("audits")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("call_id", "=", callId)
    .orderBy("started_at")
    .orderBy("id")
    .execute();
}

function rowOf(
  state: AuditState,
  audit: {
    readonly id: string;
    readonly read: ReadTo;
    readonly to: ReadTo;
    readonly status: Audit["status"];
    readonly reason: string | null;
    readonly startedAt: Date;
    readonly endedAt: Date | null;
  },
) {
  return {
    id: audit.id,
    organization_id: state.organizationId,
    environment: state.environment,
    call_id: state.callId,
    thread_id: state.threadId,
    agent_slug: state.agentSlug ?? "",
    agent_version: null,
    from_epoch: audit.read.epoch,
    from_delta: audit.read.delta,
    to_epoch: audit.to.epoch,
    to_delta: audit.to.delta,
    status: audit.status,
    reason: audit.reason,
    attempts: 1,
    after_call: isOver(state.status),
    spoken_at: state.newestAt ?? audit.startedAt,
    started_at: audit.startedAt,
    ended_at: audit.endedAt,
  };
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
