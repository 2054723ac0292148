/** What environments and keys may spend and have spent, which key a call belongs to, and what a running call is told about its end. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // One row for the environment, whose subject is empty, and one for each key with limits or calls of its own. Changed under the lock of
  // the books.
  `create table allowances (
    organization_id text not null references organizations,
    environment environment not null,
    subject text not null,
    hour_cap_micros bigint check (hour_cap_micros >= 0),
    day_cap_micros bigint check (day_cap_micros >= 0),
    month_cap_micros bigint check (month_cap_micros >= 0),
    max_concurrent integer check (max_concurrent >= 0),
    calls_per_second double precision check (calls_per_second > 0),
    calls_per_number integer check (calls_per_number >= 0),
    next_turn_at timestamptz not null default 'epoch',
    hour_starts_at timestamptz not null,
    hour_spent_micros bigint not null default 0,
    day_starts_at timestamptz not null,
    day_spent_micros bigint not null default 0,
    month_starts_at timestamptz not null,
    month_spent_micros bigint not null default 0,
    primary key (organization_id, environment, subject)
  )`,

  `alter table calls
    add column api_key_id text,
    add column advice text check (advice in ('wrap_up', 'end_call')),
    add column advice_reason text`,
  `create index calls_of_key_live on calls (api_key_id) where api_key_id is not null and status in ('pending', 'active')`,
  `create index ledger_transactions_posted on ledger_transactions (organization_id, environment, posted_at)`,
  `create index calls_to_number on calls (organization_id, environment, to_number, created_at) where direction = 'outbound'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
