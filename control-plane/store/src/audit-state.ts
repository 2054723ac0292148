/** Where the auditor is in a call: all that is to be known to decide whether it reads now, in one look. */
import { type AuditFacts, isOver } from "@struere/domain";
import type { CallId, ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Audit, Call } from "./schema.ts";

export interface AuditState {
  readonly callId: CallId;
  readonly organizationId: Audit["organization_id"];
  readonly environment: Audit["environment"];
  readonly status: Call["status"];
  readonly callEndedAt: Date | null;
  readonly lastSeq: number | null;
  readonly agentSlug: string | null;
  readonly pollIntervalMs: number | null;
  readonly threadId: ThreadId | null;
  readonly auditedEpoch: number;
  readonly auditedDelta: number;
  readonly lastEndedAt: Date | null;
  readonly notes: string;
  readonly auditId: string | null;
  readonly leaseToken: string | null;
  readonly leaseExpiresAt: Date | null;
  /** Of an audit that has not ended. */
  readonly toEpoch: number | null;
  readonly toDelta: number | null;
  readonly newestEpoch: number | null;
  readonly newestDelta: number | null;
  readonly newestAt: Date | null;
  readonly hasWords: boolean;
  readonly callerHasSpoken: boolean;
  readonly reached: number | null;
}

/** All that is to be known for a decision, in one look. */
export async function auditStateOf(db: Db, callId: CallId): Promise<AuditState | undefined> {
  const { rows } = await sql<AuditState>`
    select call.id as "callId", call.organization_id as "organizationId", call.environment, call.status, call.ended_at as "callEndedAt",
      call.last_seq as "lastSeq", call.config -> 'auditor' ->> 'agentSlug' as "agentSlug",
      (call.config -> 'auditor' ->> 'pollIntervalMs')::int as "pollIntervalMs",
      state.thread_id as "threadId", coalesce(state.audited_epoch, 0) as "auditedEpoch", coalesce(state.audited_delta, 0) as "auditedDelta",
      state.last_ended_at as "lastEndedAt", coalesce(state.notes, '') as notes, state.audit_id as "auditId",
      state.lease_token as "leaseToken", state.lease_expires_at as "leaseExpiresAt", audit.to_epoch as "toEpoch", audit.to_delta as "toDelta",
      newest.epoch as "newestEpoch", newest.delta as "newestDelta", newest.at as "newestAt",
      coalesce(heard.words, false) as "hasWords", coalesce(heard.caller, false) as "callerHasSpoken",
      (select seq from call_watermarks where call_id = call.id and epoch = call.epoch) as reached
    from calls call
    left join call_audits state on state.call_id = call.id
    left join audits audit on audit.id = state.audit_id
    left join lateral (
      select utterance.epoch, utterance.delta, utterance.at from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = call.id and utterance.seq <= mark.seq
        and (utterance.epoch, utterance.delta) > (coalesce(state.audited_epoch, 0), coalesce(state.audited_delta, 0))
      order by utterance.epoch desc, utterance.delta desc limit 1
    ) as newest on true
    left join lateral (
      select bool_or(utterance.text <> '' and (utterance.epoch, utterance.delta) > (coalesce(state.audited_epoch, 0), coalesce(state.audited_delta, 0))) as words,
        bool_or(utterance.text <> '' and utterance.speaker = 'caller') as caller
      from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = call.id and utterance.seq <= mark.seq
    ) as heard on true
    where call.id = ${callId}`.execute(db);
  return rows[0];
}

export function auditFactsOf(state: AuditState, now: Date): AuditFacts {
  const { auditId, toEpoch, toDelta, newestEpoch, newestDelta, lastSeq } = state;
  return {
    now: now.getTime(),
    read: { epoch: state.auditedEpoch, delta: state.auditedDelta },
    newest: newestEpoch === null || newestDelta === null ? null : { epoch: newestEpoch, delta: newestDelta },
    hasWords: state.hasWords,
    callerHasSpoken: state.callerHasSpoken,
    overSince: isOver(state.status) ? (state.callEndedAt?.getTime() ?? 0) : null,
    recordComplete: lastSeq === null || (state.reached ?? 0) >= lastSeq,
    lastEndedAt: state.lastEndedAt?.getTime() ?? null,
    pollIntervalMs: state.pollIntervalMs ?? 0,
    unfinished:
      auditId === null || toEpoch === null || toDelta === null
        ? null
        : { auditId, to: { epoch: toEpoch, delta: toDelta }, leaseExpiresAt: state.leaseExpiresAt?.getTime() ?? 0 },
  };
}
