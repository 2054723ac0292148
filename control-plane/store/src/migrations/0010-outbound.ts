/** Calls that are placed: what an environment may dial, and what each placed call was asked for. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // What is null is as the domain has it by default.
  `create table dialling_policies (
    organization_id text not null references organizations,
    environment environment not null,
    countries text[],
    max_concurrent integer check (max_concurrent >= 0),
    calls_per_second double precision check (calls_per_second > 0),
    next_turn_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (organization_id, environment)
  )`,

  `create table call_placements (
    call_id text primary key references calls,
    organization_id text not null references organizations,
    environment environment not null,
    idempotency_key text,
    request_digest text not null,
    ring_seconds integer not null check (ring_seconds > 0),
    voicemail jsonb not null,
    dial_at timestamptz not null,
    asked_at timestamptz,
    attempts integer not null default 0,
    answered_by text,
    problem text,
    created_at timestamptz not null
  )`,
  `create unique index call_placements_key on call_placements (organization_id, environment, idempotency_key) where idempotency_key is not null`,

  // What the sweep looks through, every few seconds.
  `create index threads_on_the_phone on threads (id) where channel = 'voice' and channel_status in ('pending', 'active')`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
