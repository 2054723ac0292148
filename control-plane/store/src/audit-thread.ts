/**
 * The auditor's own conversation about a call: one thread, which each audit opens anew with its report. Whoever has the audit's lease has the
 * turn, and whoever had it before has lost both.
 */
import { Fault } from "@struere/kernel";
import { sql } from "kysely";
import type { AuditLease } from "./audits.ts";
import type { Db } from "./database.ts";
import { newId } from "./new-id.ts";
import { cleanJson, cleanText } from "./plain-text.ts";
import type { JsonObject, Thread } from "./schema.ts";
import type { Turn } from "./thread-turns.ts";

export interface AuditToOpen {
  readonly agent: { readonly slug: string; readonly version: number };
  /** Of a new thread. */
  readonly params: JsonObject;
  readonly report: string;
  readonly now: Date;
  readonly expiresAt: Date;
}

/**
 * The report stands in the thread as its newest message, and the audit names thread and agent.
 * @throws Fault aborted when the lease was lost; failed_precondition when another thread has the name.
 */
export async function openAuditThread(db: Db, lease: AuditLease, open: AuditToOpen): Promise<Turn> {
  const { call, audit, token } = lease;
  const { agent, now } = open;
  const { rows } = await sql<Thread>`
    with held as (
      select organization_id, environment from call_audits where call_id = ${call.id} and lease_token = ${token}
    ), opened as (
      insert into threads (id, organization_id, environment, channel, channel_status, channel_params, parent_thread_id, metadata,
        external_id, target_kind, target_slug, current_agent, last_seq, last_message_at, turn_token, turn_expires_at, created_at, updated_at)
      select ${newId("thread")}, organization_id, environment, 'audit', 'active', ${cleanJson(open.params)}, ${call.thread_id}, '{}',
        ${`audit:${call.id}`}, 'agent', ${agent.slug}, ${agent.slug}, 1, ${now}, ${token}, ${open.expiresAt}, ${now}, ${now}
      from held
      on conflict (organization_id, environment, external_id) where external_id is not null do update
      set last_seq = threads.last_seq + 1, last_message_at = excluded.last_message_at, updated_at = excluded.updated_at,
        turn_token = excluded.turn_token, turn_expires_at = excluded.turn_expires_at
      where threads.parent_thread_id = excluded.parent_thread_id and threads.channel = 'audit'
      returning *
    ), written as (
      insert into messages (thread_id, organization_id, environment, seq, role, content, created_at)
      select id, organization_id, environment, last_seq, 'user', ${cleanText(open.report)}, ${now} from opened
    ), named as (
      update call_audits set thread_id = opened.id from opened where call_audits.call_id = ${call.id}
    ), begun as (
      update audits set thread_id = opened.id, agent_version = ${agent.version} from opened where audits.id = ${audit.id}
    )
    select * from opened`.execute(db);
  const [thread] = rows;
  if (thread) return { token, thread };
  const held = await db
    .selectFrom("call_audits")
    .select("call_id")
    .where("call_id", "=", call.id)
    .where("lease_token", "=", token)
    .executeTakeFirst();
  throw held
    ? new Fault("failed_precondition", `the thread name audit:${call.id} is taken by another thread`)
    : new Fault("aborted", "another process has taken the audit over");
}
