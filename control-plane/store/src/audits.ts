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
  type AuditFacts,
  auditIdOf,
  decideAudit,
  isOver,
  type ReadTo,
} from "@struere/domain";
import type { CallId, ThreadId } from "@struere/kernel";
import { sql } from "kysely";
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

export async function beginAudit(db: Db, asked: { readonly callId: CallId; readonly now: Date }): Promise<AuditBegin> {
  const { callId, now } = asked;
  return await inTransaction(db, async (tx) => {
    const call = await tx.selectFrom("calls").selectAll().where("id", "=", callId).executeTakeFirst();
    if (!call) return { kind: "not_found" };
    const plan = call.config?.auditor;
    if (!plan) return { kind: "not_audited" };
    const scope: Scope = { organizationId: call.organization_id, environment: call.environment };
    const state = await lockState(tx, scope, callId);
    const read = { epoch: state.audited_epoch, delta: state.audited_delta };
    const facts = await factsOf(tx, { call, state, now, pollIntervalMs: plan.pollIntervalMs });
    const decision = decideAudit(facts);
    if (decision.kind !== "run") return decision;
    const { to } = decision;
    const id = state.audit_id ?? auditIdOf(callId, read, to);
    const token = randomUUID();
    const audit = await tx
      .insertInto("audits")
      .values({
        id,
        organization_id: scope.organizationId,
        environment: scope.environment,
        call_id: callId,
        thread_id: state.thread_id,
        agent_slug: plan.agentSlug,
        agent_version: null,
        from_epoch: read.epoch,
        from_delta: read.delta,
        to_epoch: to.epoch,
        to_delta: to.delta,
        status: "running",
        reason: null,
        attempts: 1,
        after_call: isOver(call.status),
        spoken_at: await spokenAt(tx, callId, to, now),
        started_at: now,
        ended_at: null,
      })
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet((old) => ({
          status: "running",
          reason: null,
          attempts: sql<number>`${old.ref("audits.attempts")} + 1`,
          after_call: isOver(call.status),
          ended_at: null,
        })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    await tx
      .updateTable("call_audits")
      .set({ audit_id: id, lease_token: token, lease_expires_at: after(now, AUDIT_LEASE_MS) })
      .where("call_id", "=", callId)
      .execute();
    return { kind: "run", lease: { token, audit, call, read, to, threadId: state.thread_id, notes: state.notes } };
  });
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
  await db.updateTable("call_audits").set({ thread_id: thread.id }).where("call_id", "=", lease.call.id).execute();
  await db
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
  return await inTransaction(db, async (tx) => {
    const state = await tx
      .selectFrom("call_audits")
      .select("call_id")
      .where("call_id", "=", call.id)
      .where("lease_token", "=", token)
      .forUpdate()
      .executeTakeFirst();
    if (!state) return { held: false, attempts, again: true };
    const now = await tx.selectFrom("calls").selectAll().where("id", "=", call.id).executeTakeFirstOrThrow();
    const givenUp = now.ended_at !== null && end.now.getTime() - now.ended_at.getTime() > AUDIT_GIVEN_UP_MS;
    const done = end.outcome === "done";
    const sameAgain = !done && attempts < AUDIT_ATTEMPTS_MAX && !givenUp;
    await tx
      .updateTable("audits")
      .set({
        status: end.outcome,
        reason: end.reason,
        ended_at: end.now,
        usage: cleanJson(end.usage),
        tool_calls: cleanJson(end.toolCalls),
      })
      .where("id", "=", audit.id)
      .execute();
    await tx
      .updateTable("call_audits")
      .set({
        last_ended_at: end.now,
        ...(done || givenUp ? { audited_epoch: to.epoch, audited_delta: to.delta } : {}),
        ...(done ? { notes: cleanText(end.notes) } : {}),
        // The same words again, by whoever asks next: its lease is over.
        ...(sameAgain ? { lease_expires_at: end.now } : { audit_id: null, lease_token: null, lease_expires_at: null }),
      })
      .where("call_id", "=", call.id)
      .execute();
    if (sameAgain) return { held: true, attempts, again: true };
    const left = await lockState(tx, { organizationId: call.organization_id, environment: call.environment }, call.id);
    const facts = await factsOf(tx, { call: now, state: left, now: end.now, pollIntervalMs: 0 });
    return { held: true, attempts, again: decideAudit(facts).kind !== "nothing" };
  });
}

/** An audit that nobody had room for: in the record, and its words are still to be read. False: the call is over, or has no auditor. */
export async function skipAudit(db: Db, skip: { readonly callId: CallId; readonly reason: string; readonly now: Date }): Promise<boolean> {
  const { callId, reason, now } = skip;
  return await inTransaction(db, async (tx) => {
    const call = await tx.selectFrom("calls").selectAll().where("id", "=", callId).executeTakeFirst();
    const plan = call?.config?.auditor;
    if (!call || !plan || isOver(call.status)) return false;
    const state = await lockState(tx, { organizationId: call.organization_id, environment: call.environment }, callId);
    const { newest } = await factsOf(tx, { call, state, now, pollIntervalMs: plan.pollIntervalMs });
    if (newest === null) return true;
    const read = { epoch: state.audited_epoch, delta: state.audited_delta };
    await tx
      .insertInto("audits")
      .values({
        id: `${auditIdOf(callId, read, newest)}.skipped`,
        organization_id: call.organization_id,
        environment: call.environment,
        call_id: callId,
        thread_id: state.thread_id,
        agent_slug: plan.agentSlug,
        agent_version: null,
        from_epoch: read.epoch,
        from_delta: read.delta,
        to_epoch: newest.epoch,
        to_delta: newest.delta,
        status: "skipped",
        reason,
        after_call: false,
        spoken_at: await spokenAt(tx, callId, newest, now),
        started_at: now,
        ended_at: now,
      })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    return true;
  });
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

async function lockState(tx: Db, scope: Scope, callId: CallId) {
  await tx
    .insertInto("call_audits")
    .values({
      call_id: callId,
      organization_id: scope.organizationId,
      environment: scope.environment,
      thread_id: null,
      audit_id: null,
      lease_token: null,
      lease_expires_at: null,
      last_ended_at: null,
    })
    .onConflict((conflict) => conflict.column("call_id").doNothing())
    .execute();
  return await tx.selectFrom("call_audits").selectAll().where("call_id", "=", callId).forUpdate().executeTakeFirstOrThrow();
}

type State = Awaited<ReturnType<typeof lockState>>;

async function factsOf(
  tx: Db,
  of: { readonly call: Call; readonly state: State; readonly now: Date; readonly pollIntervalMs: number },
): Promise<AuditFacts> {
  const { call, state, now, pollIntervalMs } = of;
  const { rows } = await sql<{
    readonly epoch: number | null;
    readonly delta: number | null;
    readonly words: boolean;
    readonly caller: boolean;
    readonly reached: number | null;
  }>`
    with heard as (
      select utterance.epoch, utterance.delta, utterance.speaker, utterance.text <> '' as worded,
        (utterance.epoch, utterance.delta) > (${state.audited_epoch}, ${state.audited_delta}) as new
      from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = ${call.id} and utterance.seq <= mark.seq
    ), latest as (select epoch, delta from heard where new order by epoch desc, delta desc limit 1)
    select latest.epoch, latest.delta,
      exists (select 1 from heard where new and worded) as words,
      exists (select 1 from heard where speaker = 'caller' and worded) as caller,
      (select seq from call_watermarks where call_id = ${call.id} and epoch = ${call.epoch}) as reached
    from (select 1) as one left join latest on true`.execute(tx);
  const [row] = rows;
  const unfinished = state.audit_id === null ? undefined : await unfinishedOf(tx, state.audit_id);
  return {
    now: now.getTime(),
    read: { epoch: state.audited_epoch, delta: state.audited_delta },
    newest: row?.epoch == null || row.delta === null ? null : { epoch: row.epoch, delta: row.delta },
    hasWords: row?.words ?? false,
    callerHasSpoken: row?.caller ?? false,
    overSince: isOver(call.status) ? (call.ended_at?.getTime() ?? 0) : null,
    recordComplete: call.last_seq === null || (row?.reached ?? 0) >= call.last_seq,
    lastEndedAt: state.last_ended_at?.getTime() ?? null,
    pollIntervalMs,
    unfinished: unfinished ? { ...unfinished, leaseExpiresAt: state.lease_expires_at?.getTime() ?? 0 } : null,
  };
}

async function unfinishedOf(tx: Db, auditId: string) {
  const row = await tx.selectFrom("audits").select(["to_epoch", "to_delta"]).where("id", "=", auditId).executeTakeFirst();
  return row && { auditId, to: { epoch: row.to_epoch, delta: row.to_delta } };
}

async function spokenAt(tx: Db, callId: CallId, to: ReadTo, otherwise: Date): Promise<Date> {
  const row = await tx
    .selectFrom("utterances")
    .select("at")
    .where("call_id", "=", callId)
    .where("epoch", "=", to.epoch)
    .where("delta", "=", to.delta)
    .executeTakeFirst();
  return row?.at ?? otherwise;
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
