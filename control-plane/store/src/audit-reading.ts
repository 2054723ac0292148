/** What an auditor reads of a call, and which calls wait to be read. */
import type { AuditorPlan, ReadTo } from "@struere/domain";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Unaudited } from "./recording-auditor.ts";
import type { Call, Injection, Thread, Utterance } from "./schema.ts";

/** A call, for its auditor. */
export interface AuditReading {
  readonly call: Pick<
    Call,
    "id" | "organization_id" | "environment" | "thread_id" | "status" | "direction" | "from_number" | "to_number" | "epoch" | "api_key_id"
  > & {
    /** Who answered it. */
    readonly agent_slug: string;
    /** Milliseconds since 1970. */
    readonly ended_at: number | null;
  };
  readonly auditor: AuditorPlan;
  /** The call's. */
  readonly thread: Pick<Thread, "channel_params" | "metadata" | "entity_type" | "entity_id" | "current_agent">;
  /** All that was heard, in the order of the conversation: words that were transcribed late stand where they were said. */
  readonly utterances: readonly Pick<Utterance, "epoch" | "delta" | "position" | "speaker" | "agent_slug" | "text" | "interrupted">[];
  /** In the order in which they were made. */
  readonly injections: readonly Pick<Injection, "action" | "message" | "field" | "outcome" | "reason">[];
}

const UTTERANCES_MAX = 10_000;

/** Columns of an AuditReading, in a question that has `call` and its `thread`. */
export function readingUpTo(to: ReadTo) {
  return sql`
    json_build_object('id', call.id, 'organization_id', call.organization_id, 'environment', call.environment, 'thread_id', call.thread_id,
      'status', call.status, 'direction', call.direction, 'from_number', call.from_number, 'to_number', call.to_number,
      'epoch', call.epoch, 'api_key_id', call.api_key_id, 'agent_slug', coalesce(call.config -> 'agent' ->> 'slug', ''),
      'ended_at', (extract(epoch from call.ended_at) * 1000)::float8) as call,
    call.config -> 'auditor' as auditor,
    json_build_object('channel_params', thread.channel_params, 'metadata', thread.metadata, 'entity_type', thread.entity_type,
      'entity_id', thread.entity_id, 'current_agent', thread.current_agent) as thread,
    (
      select coalesce(json_agg(json_build_object('epoch', epoch, 'delta', delta, 'position', position, 'speaker', speaker,
        'agent_slug', agent_slug, 'text', text, 'interrupted', interrupted) order by epoch, position, seq), '[]')
      from (
        select * from utterances where call_id = call.id and (epoch, delta) <= (${to.epoch}, ${to.delta})
        order by epoch desc, position desc, seq desc limit ${UTTERANCES_MAX}
      ) as heard
    ) as utterances,
    (
      select coalesce(json_agg(json_build_object('action', action, 'message', message, 'field', field, 'outcome', outcome,
        'reason', reason) order by created_at, id), '[]')
      from injections where call_id = call.id
    ) as injections`;
}

/**
 * Calls, live or over since `since`, with words that were recorded before `before` and that nobody has read or reads: their wake-up was lost.
 * Across organizations: for the repair.
 */
export async function listForgottenByAuditors(
  db: Db,
  options: { readonly now: Date; readonly before: Date; readonly since: Date; readonly limit: number },
): Promise<readonly Unaudited[]> {
  const { now, before, since, limit } = options;
  const { rows } = await sql<Unaudited>`
    select call.organization_id as "organizationId", call.environment, call.id as "callId", unread.epoch, unread.delta
    from calls call
    left join call_audits audited on audited.call_id = call.id
    join lateral (
      select utterance.epoch, utterance.delta from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = call.id and utterance.seq <= mark.seq and utterance.text <> '' and mark.updated_at < ${before}
        and (utterance.epoch, utterance.delta) > (coalesce(audited.audited_epoch, 0), coalesce(audited.audited_delta, 0))
      order by utterance.epoch desc, utterance.delta desc limit 1
    ) as unread on true
    where call.config -> 'auditor' is not null
      and (call.status = 'active' or call.ended_at > ${since})
      and (audited.lease_expires_at is null or audited.lease_expires_at < ${now})
      and (audited.last_ended_at is null or audited.last_ended_at < ${before})
      and exists (select 1 from utterances said where said.call_id = call.id and said.speaker = 'caller' and said.text <> '')
    order by call.id
    limit ${limit}`.execute(db);
  return rows;
}
