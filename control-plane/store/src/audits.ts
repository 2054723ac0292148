/**
 * Audits of calls: who reads now, how far the reading has come, what each audit was. Whoever asks looks at the call's row in `call_audits`,
 * decides (domain: auditing.ts), and takes the lease only if the row is still as it was seen; so of all who ask at once one reads. Only the
 * holder of the lease ends the audit. Audits are many and short: each step is one statement.
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
  maySkipAudit,
  type ReadTo,
} from "@struere/domain";
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import { type AuditReading, readingUpTo } from "./audit-reading.ts";
import { auditFactsOf, type AuditState, auditStateOf } from "./audit-state.ts";
import type { Db } from "./database.ts";
import { cleanJson, cleanText } from "./plain-text.ts";
import type { Audit, JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** An audit that is the asker's to run, and all that it reads. */
export interface AuditLease extends AuditReading {
  readonly token: string;
  readonly audit: Pick<Audit, "id" | "agent_slug" | "attempts" | "after_call" | "spoken_at" | "started_at">;
  readonly read: ReadTo;
  readonly to: ReadTo;
  readonly notes: string;
}

export type AuditBegin =
  | { readonly kind: "run"; readonly lease: AuditLease }
  | Exclude<AuditDecision, { readonly kind: "run" }>
  | { readonly kind: "not_found" | "not_audited" };

/** Whoever is overtaken looks again; after so many times others are busy with the call. */
const LOOKS_MAX = 3;
const OVERTAKEN_MS = 100;

/** Most who ask learn from one look that there is nothing to do now. */
export async function beginAudit(db: Db, asked: { readonly callId: CallId; readonly now: Date }): Promise<AuditBegin> {
  const { callId, now } = asked;
  for (let looks = 1; looks <= LOOKS_MAX; looks++) {
    const state = await auditStateOf(db, callId);
    if (!state) return { kind: "not_found" };
    if (state.agentSlug === null) return { kind: "not_audited" };
    const decision = decideAudit(auditFactsOf(state, now));
    if (decision.kind !== "run") return decision;
    const lease = await takeLease(db, { state, to: decision.to }, now);
    if (lease) return { kind: "run", lease };
  }
  return { kind: "later", reason: "busy", retryAfterMs: OVERTAKEN_MS };
}

/** Takes the lease and reads. `undefined`: somebody was faster. */
async function takeLease(
  db: Db,
  { state, to }: { readonly state: AuditState; readonly to: ReadTo },
  now: Date,
): Promise<AuditLease | undefined> {
  const { callId, organizationId, environment } = state;
  const read = { epoch: state.auditedEpoch, delta: state.auditedDelta };
  const id = state.auditId ?? auditIdOf(callId, read, to);
  const token = randomUUID();
  const { rows } = await sql<AuditLease["audit"] & AuditReading>`
    with taken as (
      insert into call_audits (call_id, organization_id, environment, audit_id, lease_token, lease_expires_at)
      values (${callId}, ${organizationId}, ${environment}, ${id}, ${token}, ${after(now, AUDIT_LEASE_MS)})
      on conflict (call_id) do update
      set audit_id = excluded.audit_id, lease_token = excluded.lease_token, lease_expires_at = excluded.lease_expires_at
      where (call_audits.audited_epoch, call_audits.audited_delta) = (${read.epoch}, ${read.delta})
        and call_audits.lease_token is not distinct from ${state.leaseToken}
        and call_audits.lease_expires_at is not distinct from ${state.leaseExpiresAt}
        and call_audits.last_ended_at is not distinct from ${state.lastEndedAt}
      returning call_id
    ), begun as (
      insert into audits (id, organization_id, environment, call_id, thread_id, agent_slug, from_epoch, from_delta, to_epoch, to_delta,
        status, attempts, after_call, spoken_at, started_at)
      select ${id}, ${organizationId}, ${environment}, call_id, ${state.threadId}, ${state.agentSlug}, ${read.epoch}, ${read.delta},
        ${to.epoch}, ${to.delta}, 'running', 1, ${isOver(state.status)}, ${state.newestAt ?? now}, ${now}
      from taken
      on conflict (id) do update
      set status = 'running', reason = null, attempts = audits.attempts + 1, after_call = excluded.after_call, ended_at = null
      returning *
    )
    select begun.id, begun.agent_slug, begun.attempts, begun.after_call, begun.spoken_at, begun.started_at, ${readingUpTo(to)}
    from begun
    join calls call on call.id = begun.call_id
    join threads thread on thread.id = call.thread_id`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const { call, auditor, thread, utterances, injections, ...audit } = row;
  return { token, audit, read, to, notes: state.notes, call, auditor, thread, utterances, injections };
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
  const givenUp = call.ended_at !== null && end.now.getTime() - call.ended_at > AUDIT_GIVEN_UP_MS;
  const done = end.outcome === "done";
  // The same words again, by whoever asks next: its lease is over.
  const sameAgain = !done && attempts < AUDIT_ATTEMPTS_MAX && !givenUp;
  const readTo = done || givenUp ? to : lease.read;
  const { rows } = await sql<{ readonly more: boolean }>`
    with held as (
      update call_audits set last_ended_at = ${end.now}, audited_epoch = ${readTo.epoch}, audited_delta = ${readTo.delta}
        ${done ? sql`, notes = ${cleanText(end.notes)}` : sql``},
        ${sameAgain ? sql`lease_expires_at = ${end.now}` : sql`audit_id = null, lease_token = null, lease_expires_at = null`}
      where call_id = ${call.id} and lease_token = ${token}
      returning call_id
    ), ended as (
      update audits set status = ${end.outcome}, reason = ${end.reason}, ended_at = ${end.now}, usage = ${cleanJson(end.usage)},
        tool_calls = ${cleanJson(end.toolCalls)}
      from held where audits.id = ${audit.id}
      returning audits.call_id
    )
    select exists (
      select from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = ended.call_id and utterance.seq <= mark.seq and utterance.text <> ''
        and (utterance.epoch, utterance.delta) > (${readTo.epoch}, ${readTo.delta})
    ) as more from ended`.execute(db);
  const [ended] = rows;
  if (!ended) return { held: false, attempts, again: true };
  // Words that come after this look wake somebody by themselves.
  return { held: true, attempts, again: sameAgain || ended.more };
}

/** `served`: it is being audited, or was not long ago. */
export type AuditSkip = "skipped" | "not_audited" | "over" | "served";

/** An audit that nobody had room for: in the record, and its words are still to be read. */
export async function skipAudit(
  db: Db,
  skip: { readonly callId: CallId; readonly reason: string; readonly now: Date },
): Promise<AuditSkip> {
  const { callId, reason, now } = skip;
  const state = await auditStateOf(db, callId);
  if (!state || state.agentSlug === null) return "not_audited";
  if (isOver(state.status)) return "over";
  const facts = auditFactsOf(state, now);
  if (!maySkipAudit(facts)) return "served";
  const { newest } = facts;
  if (newest === null) return "skipped";
  const read = { epoch: state.auditedEpoch, delta: state.auditedDelta };
  await db
    .insertInto("audits")
    .values({
      id: `${auditIdOf(callId, read, newest)}.skipped`,
      organization_id: state.organizationId,
      environment: state.environment,
      call_id: callId,
      thread_id: state.threadId,
      agent_slug: state.agentSlug,
      agent_version: null,
      from_epoch: read.epoch,
      from_delta: read.delta,
      to_epoch: newest.epoch,
      to_delta: newest.delta,
      status: "skipped",
      reason,
      attempts: 0,
      after_call: false,
      spoken_at: state.newestAt ?? now,
      started_at: now,
      ended_at: now,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return "skipped";
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

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}
