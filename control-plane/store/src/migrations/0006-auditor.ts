/** The auditor: how far it has read each call, every audit, and every injection with what became of it. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // One row for each audited call: the place that the auditor has read to, and who audits it now.
  `create table call_audits (
    call_id text primary key references calls,
    organization_id text not null references organizations,
    environment environment not null,
    thread_id text,
    audited_epoch integer not null default 0 check (audited_epoch >= 0),
    audited_delta integer not null default 0 check (audited_delta >= 0),
    audit_id text,
    lease_token text,
    lease_expires_at timestamptz,
    last_ended_at timestamptz,
    notes text not null default '',
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment),
    constraint call_audits_lease_is_whole check ((audit_id is null) = (lease_token is null) and (audit_id is null) = (lease_expires_at is null))
  )`,

  `create index calls_audited on calls (status, ended_at) where config -> 'auditor' is not null`,

  // An audit reads what lies behind (from_epoch, from_delta), up to (to_epoch, to_delta).
  `create table audits (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    call_id text not null references calls,
    thread_id text,
    agent_slug text not null,
    agent_version integer,
    from_epoch integer not null,
    from_delta integer not null,
    to_epoch integer not null,
    to_delta integer not null,
    status text not null check (status in ('running', 'done', 'failed', 'skipped')),
    reason text,
    attempts integer not null default 0 check (attempts >= 0),
    after_call boolean not null,
    spoken_at timestamptz not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    usage jsonb not null default '[]',
    tool_calls jsonb not null default '[]',
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment),
    constraint audits_end_is_dated check ((status = 'running') = (ended_at is null))
  )`,
  `create index audits_call on audits (call_id, started_at)`,
  `create index audits_page on audits (organization_id, environment, started_at)`,

  `create table injections (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    call_id text not null references calls,
    epoch integer not null check (epoch > 0),
    audit_id text references audits,
    source text not null check (source in ('auditor', 'person', 'service')),
    author text not null,
    action text not null check (action in ('correction', 'complete', 'abort')),
    message text not null check (length(message) between 1 and 2000),
    field text,
    value text,
    based_on integer check (based_on >= 0),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    taken_at timestamptz,
    outcome text check (outcome in ('spoken', 'superseded', 'expired', 'refused')),
    reason text,
    heard_ms integer check (heard_ms >= 0),
    receipt_at timestamptz,
    constraint injections_receipt_is_dated check ((outcome is null) = (receipt_at is null)),
    constraint injections_auditor_has_its_audit check ((source = 'auditor') = (audit_id is not null))
  )`,
  `create index injections_call on injections (call_id, created_at)`,
  `create index injections_page on injections (organization_id, environment, created_at)`,
  // The few that are on their way.
  `create index injections_open on injections (expires_at) where outcome is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
