/**
 * What the statistics of calls are made of: one row for each call, each injection and each auditor's use of a model. Only calls that were answered
 * and are over count, by when they came; the newest first, up to a limit, so that nobody's years of calls are read for one question.
 */
import type { CallFigures, InjectionFigures } from "@struere/domain";
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";

/** All that `work` asks is of one moment, is only read, and is cut off by Postgres when it takes too long. */
export async function inSnapshot<Answer>(db: Db, timeoutMs: number, work: (tx: Db) => Promise<Answer>): Promise<Answer> {
  return await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (tx) => {
      await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
      return await work(tx);
    });
}

export interface StatsWindow {
  readonly since: Date;
  readonly until: Date;
  /** Slug; absent: every call. */
  readonly router?: string | undefined;
  readonly limit: number;
}

export type CallForStats = CallFigures & { readonly callId: CallId; readonly createdAt: Date };

/** A turn is a stretch of the conversation in which one side was heard. */
export async function listCallsForStats(db: Db, scope: Scope, window: StatsWindow): Promise<readonly CallForStats[]> {
  const { since, until, router = null, limit } = window;
  const { rows } = await sql<Omit<CallForStats, "audits"> & { done: number; failed: number; skipped: number }>`
    with chosen as (
      select call.id as "callId", call.created_at as "createdAt", router.slug as router, call.reason,
        coalesce(call.auditor_group, case when call.config -> 'auditor' is null then 'unaudited' else 'corrected' end) as "group",
        coalesce(call.auditor_sample, case when call.config -> 'auditor' is null then null else 1 end) as sample,
        call.form_complete as "formComplete", call.form_checked_at is null as "formPending"
      from calls call
      left join routers router on router.id = call.router_id
      where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
        and call.created_at >= ${since} and call.created_at < ${until}
        and call.answered_at is not null and call.ended_at is not null
        and (${router}::text is null or router.slug = ${router})
      order by call.created_at desc, call.id desc
      limit ${limit}
    )
    select chosen.*, heard.turns, audited.done, audited.failed, audited.skipped
    from chosen
    cross join lateral (
      select count(*) filter (where one.speaker is distinct from one.before)::int as turns from (
        select speaker, lag(speaker) over (order by epoch, position, seq) as before
        from utterances where call_id = chosen."callId" and text <> ''
      ) as one
    ) as heard
    cross join lateral (
      select count(*) filter (where status = 'done')::int as done, count(*) filter (where status = 'failed')::int as failed,
        count(*) filter (where status = 'skipped')::int as skipped
      from audits where call_id = chosen."callId"
    ) as audited
    order by chosen."createdAt" desc, chosen."callId" desc`.execute(db);
  return rows.map(({ done, failed, skipped, ...call }) => ({ ...call, audits: { done, failed, skipped } }));
}

/**
 * With the places on the call's own clock, and what the caller said next: begun after the injection was heard to begin, and before the agent
 * said anything else.
 */
export async function listInjectionsForStats(
  db: Db,
  scope: Scope,
  asked: { readonly callIds: readonly CallId[]; readonly limit: number },
): Promise<readonly InjectionFigures[]> {
  const { rows } = await sql<InjectionFigures>`
    select injection.call_id as "callId", injection.source, injection.action, injection.outcome, injection.reason, injection.value,
      heard.at as "heardAtMs", unread.newest as "newestReadMs", unread.oldest as "oldestReadMs",
      case when next.speaker = 'caller' then next.text end as reply
    from injections injection
    cross join lateral (
      select case when injection.outcome = 'spoken' then injection.receipt_offset_ms - injection.heard_ms end as at
    ) as heard
    left join audits audit on audit.id = injection.audit_id
    left join lateral (
      select max(said.ended_ms) as newest, min(said.ended_ms) as oldest from utterances said
      where said.call_id = injection.call_id and said.epoch = injection.epoch and said.text <> ''
        and (said.epoch, said.delta) > (audit.from_epoch, audit.from_delta)
        and (said.epoch, said.delta) <= (audit.to_epoch, audit.to_delta)
    ) as unread on heard.at is not null
    left join lateral (
      select said.speaker, said.text from utterances said
      where said.call_id = injection.call_id and said.epoch = injection.epoch
        and said.started_ms >= case said.speaker when 'caller' then heard.at else injection.receipt_offset_ms end
      order by said.started_ms, said.seq
      limit 1
    ) as next on heard.at is not null
    where injection.organization_id = ${scope.organizationId} and injection.environment = ${scope.environment}
      and injection.call_id = any(${asked.callIds}::text[])
    order by injection.call_id, injection.created_at, injection.id
    limit ${asked.limit}`.execute(db);
  return rows;
}

export interface AuditorTokens {
  readonly callId: CallId;
  readonly model: string;
  readonly inputTokens: number;
  /** Part of `inputTokens`. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** By which it is billed; `null`: by none. */
  readonly rateCardVersion: string | null;
}

/** What auditors' own conversations used, by call, model and prices. */
export async function listAuditorTokens(db: Db, scope: Scope, callIds: readonly CallId[]): Promise<readonly AuditorTokens[]> {
  const { rows } = await sql<AuditorTokens>`
    select call.id as "callId", used.model, coalesce(used.rate_card_version, call.rate_card_version) as "rateCardVersion",
      sum(used.input_tokens)::bigint as "inputTokens", sum(used.cached_input_tokens)::bigint as "cachedInputTokens",
      sum(used.output_tokens)::bigint as "outputTokens"
    from call_audits audited
    join calls call on call.id = audited.call_id
    join text_usage used on used.thread_id = audited.thread_id
    where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
      and call.id = any(${callIds}::text[])
    group by 1, 2, 3
    order by 1, 2, 3`.execute(db);
  return rows;
}
