/** What was used and not billed: the leg to a person, the media stream, text whose figures the vendor did not give, and writing to its cache. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // One of a call: whoever is connected to a person has left the agent.
  `create table call_transfers (
    call_id text primary key references calls,
    organization_id text not null references organizations,
    environment environment not null,
    to_number text not null,
    asked_at timestamptz not null,
    leg_call_sid text,
    leg_duration_s integer check (leg_duration_s >= 0),
    billed_at timestamptz,
    billing_problem text
  )`,
  `create index call_transfers_unbilled on call_transfers (asked_at) where billed_at is null and billing_problem is null`,
  `alter table text_usage
    add column cache_write_tokens bigint not null default 0 check (cache_write_tokens >= 0),
    add column estimated boolean not null default false`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
