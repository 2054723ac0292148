/** The record of a call from its ring on: created once per CallSid, read by scope. What moves it along is in call-lifecycle.ts. */
import {
  type AuditorTrial,
  type CallConfig,
  type CallDirection,
  type CallStatus,
  GRANT_TTL_MS,
  PENDING_DEADLINE_MS,
} from "@struere/domain";
import {
  type AgentId,
  type ApiKeyId,
  type CallId,
  type ConnectionId,
  Fault,
  type NodeId,
  type RouterId,
  type ThreadId,
} from "@struere/kernel";
import { type Insertable, sql } from "kysely";
import type { AuditEntry } from "./audit-log.ts";
import type { Db } from "./database.ts";
import { newId } from "./new-id.ts";
import { type Page, type PageRequest, pageOf, readCursor } from "./page.ts";
import { cleanJson } from "./plain-text.ts";
import type { Call, CallTable, JsonObject, PinnedAgent } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Before the first row: the configuration that is pinned on the call names both. */
export function newCallIds(): { readonly callId: CallId; readonly threadId: ThreadId } {
  return { callId: newId("call"), threadId: newId("thread") };
}

export interface CallToCreate {
  readonly callId: CallId;
  readonly threadId: ThreadId;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly accountSid: string;
  /** `null` while an outbound call has not been placed yet. */
  readonly callSid: string | null;
  readonly connectionId: ConnectionId | null;
  readonly agent: { readonly agentId: AgentId; readonly version: number } | null;
  readonly router: { readonly routerId: RouterId; readonly version: number } | null;
  /** The router's agents as they are now. */
  readonly agents?: readonly PinnedAgent[];
  /** Absent or `null`: nobody audits it. */
  readonly trial?: AuditorTrial | null;
  /** The prices that it is billed by; `null` or absent: it is not billed. */
  readonly rateCardVersion?: string | null;
  /** The key that it is placed with; absent for calls that come in. */
  readonly keyId?: ApiKeyId | null;
  /** The node that was picked for it, when nodes are reached one by one; otherwise `null`. */
  readonly nodeId: NodeId | null;
  readonly thread?: {
    readonly parentThreadId?: ThreadId;
    readonly metadata?: JsonObject;
    readonly params?: JsonObject;
    readonly entityType?: string;
    readonly entityId?: string;
  };
  readonly now: Date;
}

/**
 * Records that a call has come and who will answer it; grants epoch 1. A webhook that comes again gets the call that the first one made,
 * whatever it asks for: look at `created`, and at the row.
 */
export async function createCall(
  db: Db,
  scope: Scope,
  call: CallToCreate & { readonly config: CallConfig; readonly warnings?: readonly string[] },
): Promise<{ readonly call: Call; readonly created: boolean }> {
  return await insertOnce(db, scope, call, {
    status: "pending",
    config: JSON.stringify(call.config),
    warnings: JSON.stringify(call.warnings ?? []),
    grant_expires_at: new Date(call.now.getTime() + GRANT_TTL_MS),
    pending_deadline: new Date(call.now.getTime() + PENDING_DEADLINE_MS),
    reason: null,
    ended_at: null,
    duration_ms: null,
  });
}

/**
 * Records that a call shall be placed, before anybody is asked to place it. Its grant begins when it is answered; see `answerPlacedCall`.
 */
export async function createPlacedCall(
  tx: Db,
  scope: Scope,
  call: CallToCreate & { readonly config: CallConfig; readonly warnings?: readonly string[]; readonly pendingDeadline: Date },
): Promise<Call> {
  const { call: created } = await insertOnce(tx, scope, call, {
    status: "pending",
    config: cleanJson(call.config),
    warnings: JSON.stringify(call.warnings ?? []),
    grant_expires_at: null,
    pending_deadline: call.pendingDeadline,
    reason: null,
    ended_at: null,
    duration_ms: null,
  });
  return created;
}

/**
 * Records a call that nobody could answer: it is over before it began. As idempotent as `createCall`, and one statement: who is turned away
 * costs little, however many they are.
 * @param call.config as it would have been; absent: it could not be resolved.
 */
export async function createRefusedCall(
  db: Db,
  scope: Scope,
  call: CallToCreate & {
    readonly reason: string;
    readonly config?: CallConfig;
    readonly warnings?: readonly string[];
    /** What the audit log says of it, if it is not there yet. */
    readonly audit?: Pick<AuditEntry, "actor" | "action" | "detail">;
  },
): Promise<{ readonly call: Call; readonly created: boolean }> {
  const opening = {
    status: "failed",
    config: call.config === undefined ? null : JSON.stringify(call.config),
    warnings: JSON.stringify(call.warnings ?? []),
    grant_expires_at: null,
    pending_deadline: null,
    reason: call.reason,
    ended_at: call.now,
    duration_ms: 0,
    // Nobody spoke: there is no form to be looked at.
    form_checked_at: call.now,
  } as const;
  return await insertOnce(db, scope, call, opening, call.audit);
}

export async function getCall(db: Db, scope: Scope, id: CallId): Promise<Call | undefined> {
  return await scoped(db, scope).where("id", "=", id).executeTakeFirst();
}

/** For the planes' own traffic, which proves itself by token and epoch instead of a key. */
export async function findCall(db: Db, id: CallId): Promise<Call | undefined> {
  return await db.selectFrom("calls").selectAll().where("id", "=", id).executeTakeFirst();
}

/** For Twilio's webhooks. */
export async function findCallBySid(db: Db, callSid: string): Promise<Call | undefined> {
  return await db.selectFrom("calls").selectAll().where("twilio_call_sid", "=", callSid).executeTakeFirst();
}

export interface CallFilter {
  readonly status?: CallStatus;
  readonly threadId?: ThreadId;
}

/** A call as lists show it: no configuration, but the slug of the agent that opened it. */
export type CallListItem = Omit<Call, "config" | "warnings" | "pinned_agents"> & { readonly agent_slug: string | null };

export async function listCalls(db: Db, scope: Scope, filter: CallFilter, page: PageRequest): Promise<Page<CallListItem>> {
  let query = db
    .selectFrom("calls")
    .select([...LISTED, AGENT_SLUG])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment);
  if (filter.status) query = query.where("status", "=", filter.status);
  if (filter.threadId) query = query.where("thread_id", "=", filter.threadId);
  if (page.cursor !== null) {
    const { createdAt, id } = readCursor(page.cursor);
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}, ${id})`);
  }
  const rows = await query
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.limit + 1)
    .execute();
  return pageOf(rows, page.limit);
}

export async function countLiveCalls(db: Db, scope: Scope): Promise<number> {
  const row = await db
    .selectFrom("calls")
    .select((of) => of.fn.countAll<number>().as("count"))
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("status", "in", ["pending", "active"])
    .executeTakeFirstOrThrow();
  return row.count;
}

const LISTED = [
  "id",
  "organization_id",
  "environment",
  "thread_id",
  "connection_id",
  "direction",
  "from_number",
  "to_number",
  "twilio_account_sid",
  "twilio_call_sid",
  "stream_sid",
  "status",
  "reason",
  "agent_id",
  "agent_version",
  "router_id",
  "router_version",
  "epoch",
  "node_id",
  "grant_expires_at",
  "pending_deadline",
  "lease_expires_at",
  "frames_in",
  "audio_moved_at",
  "carrier_status",
  "carrier_sequence",
  "carrier_ended_at",
  "created_at",
  "answered_at",
  "ended_at",
  "duration_ms",
  "last_seq",
  "rate_card_version",
  "carrier_duration_s",
  "carrier_billed_at",
  "estimates_checked_at",
  "billing_problem",
  "auditor_sample",
  "auditor_group",
  "form_checked_at",
  "form_complete",
  "api_key_id",
  "advice",
  "advice_reason",
] as const satisfies readonly (keyof CallTable)[];

const AGENT_SLUG = sql<string | null>`config -> 'agent' ->> 'slug'`.as("agent_slug");

type Opening = Pick<
  Insertable<CallTable>,
  "status" | "config" | "warnings" | "grant_expires_at" | "pending_deadline" | "reason" | "ended_at" | "duration_ms" | "form_checked_at"
>;

/**
 * Call and thread in one statement, because a phone rings meanwhile. The thread is made of the call's row, so that a webhook that comes
 * second makes neither.
 */
async function insertOnce(
  db: Db,
  scope: Scope,
  call: CallToCreate,
  opening: Opening,
  audit?: Pick<AuditEntry, "actor" | "action" | "detail">,
): Promise<{ readonly call: Call; readonly created: boolean }> {
  const inserting = db
    .with("call", (tx) =>
      tx
        .insertInto("calls")
        .values({
          id: call.callId,
          organization_id: scope.organizationId,
          environment: scope.environment,
          thread_id: call.threadId,
          connection_id: call.connectionId,
          direction: call.direction,
          from_number: call.from,
          to_number: call.to,
          twilio_account_sid: call.accountSid,
          twilio_call_sid: call.callSid,
          agent_id: call.agent?.agentId ?? null,
          agent_version: call.agent?.version ?? null,
          router_id: call.router?.routerId ?? null,
          router_version: call.router?.version ?? null,
          node_id: call.nodeId,
          rate_card_version: call.rateCardVersion ?? null,
          api_key_id: call.keyId ?? null,
          pinned_agents: JSON.stringify(call.agents ?? []),
          auditor_sample: call.trial?.sample ?? null,
          auditor_group: call.trial?.group ?? null,
          created_at: call.now,
          ...opening,
        })
        .onConflict((conflict) => conflict.column("twilio_call_sid").doNothing())
        .returningAll(),
    )
    .with("thread", (tx) =>
      tx
        .insertInto("threads")
        .columns([...THREAD_COLUMNS])
        .expression(
          tx
            .selectFrom("call")
            .select((of) => [
              "call.thread_id",
              "call.organization_id",
              "call.environment",
              of.val("voice").as("channel"),
              "call.status",
              jsonb({ ...call.thread?.params, callerNumber: call.direction === "inbound" ? call.from : call.to }).as("channel_params"),
              sql<ThreadId | null>`${call.thread?.parentThreadId ?? null}::text`.as("parent_thread_id"),
              jsonb(call.thread?.metadata ?? {}).as("metadata"),
              sql<string | null>`${call.thread?.entityType ?? null}::text`.as("entity_type"),
              sql<string | null>`${call.thread?.entityId ?? null}::text`.as("entity_id"),
              "call.created_at",
              "call.created_at as updated_at",
            ]),
        ),
    );
  const noted = audit
    ? inserting.with("noted", (tx) =>
        tx
          .insertInto("audit_log")
          .columns(["organization_id", "environment", "at", "actor", "action", "subject", "detail"])
          .expression(
            tx
              .selectFrom("call")
              .select((of) => [
                "call.organization_id",
                "call.environment",
                "call.created_at",
                of.val(audit.actor).as("actor"),
                of.val(audit.action).as("action"),
                "call.id",
                jsonb(audit.detail).as("detail"),
              ]),
          ),
      )
    : inserting;
  const inserted = await noted.selectFrom("call").selectAll().executeTakeFirst();
  if (inserted) return { call: inserted, created: true };
  const winner = call.callSid === null ? undefined : await findCallBySid(db, call.callSid);
  if (!winner) throw new Fault("aborted", "the call could neither be created nor found; the same request may be sent again");
  return { call: winner, created: false };
}

const THREAD_COLUMNS = [
  "id",
  "organization_id",
  "environment",
  "channel",
  "channel_status",
  "channel_params",
  "parent_thread_id",
  "metadata",
  "entity_type",
  "entity_id",
  "created_at",
  "updated_at",
] as const;

const jsonb = (value: JsonObject) => sql<string>`${cleanJson(value)}::jsonb`;

function scoped(db: Db, scope: Scope) {
  return db
    .selectFrom("calls")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment);
}
