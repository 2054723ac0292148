/**
 * Money: the books of each organization and environment, and what is billed into them.
 *
 * `ledgers` and `credit_holds` are what the books come to: they change, and can be computed anew. `ledger_transactions` and
 * `ledger_postings` are the books: they are only ever added to. Three walls keep it so, for a mistake in the code and for a person at the
 * console: the right to change them is revoked, a trigger refuses whoever has it all the same (a superuser), and another one refuses
 * postings that do not sum to zero.
 */
import { type Kysely, sql } from "kysely";

const ADDED_TO_ONLY = ["ledger_transactions", "ledger_postings", "rate_cards"];

const STATEMENTS = [
  `create table rate_cards (
    version text primary key,
    card jsonb not null,
    created_at timestamptz not null
  )`,

  // One row to lock for everything that moves an organization's money. Its balances are sums of postings, kept.
  `create table ledgers (
    organization_id text not null references organizations,
    environment environment not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    credit_limit_micros bigint check (credit_limit_micros >= 0),
    available_micros bigint not null default 0,
    held_micros bigint not null default 0 check (held_micros >= 0),
    funding_micros bigint not null default 0,
    models_micros bigint not null default 0,
    telephony_micros bigint not null default 0,
    unobserved_micros bigint not null default 0,
    markup_micros bigint not null default 0,
    recovery_micros bigint not null default 0,
    created_at timestamptz not null,
    primary key (organization_id, environment),
    constraint ledgers_sum_to_zero check (
      available_micros + held_micros + funding_micros + models_micros
      + telephony_micros + unobserved_micros + markup_micros + recovery_micros = 0
    )
  )`,

  // What they are about may be forgotten one day; the books are not, and never wait for a row of a call.
  `create table ledger_transactions (
    id bigint generated always as identity primary key,
    organization_id text not null,
    environment environment not null,
    idempotency_key text not null check (length(idempotency_key) between 1 and 300),
    kind text not null check (kind in ('credit', 'hold', 'charge', 'release', 'expire', 'adjustment')),
    amount_micros bigint not null,
    available_after_micros bigint not null,
    held_after_micros bigint not null,
    hold_id text,
    call_id text,
    thread_id text,
    source text,
    model text,
    rate_card_version text,
    estimated boolean not null default false,
    lines jsonb not null default '[]',
    actor text not null,
    note text,
    occurred_at timestamptz not null,
    posted_at timestamptz not null,
    unique (organization_id, environment, idempotency_key),
    foreign key (organization_id, environment) references ledgers
  )`,
  `create index ledger_transactions_page on ledger_transactions (organization_id, environment, id)`,
  `create index ledger_transactions_time on ledger_transactions (organization_id, environment, occurred_at, id)`,
  `create index ledger_transactions_call on ledger_transactions (call_id) where call_id is not null`,

  // No foreign key to the transactions: Postgres would need the right to change them. The trigger below looks instead.
  `create table ledger_postings (
    transaction_id bigint not null,
    account text not null check (
      account in ('available', 'held', 'funding', 'models', 'telephony', 'unobserved', 'markup', 'recovery')
    ),
    amount_micros bigint not null check (amount_micros <> 0),
    primary key (transaction_id, account)
  )`,

  `create table credit_holds (
    id text not null,
    organization_id text not null,
    environment environment not null,
    state text not null check (state in ('open', 'released', 'expired')),
    remaining_micros bigint not null check (remaining_micros >= 0),
    opened_at timestamptz not null,
    expires_at timestamptz not null,
    closed_at timestamptz,
    primary key (organization_id, environment, id),
    foreign key (organization_id, environment) references ledgers,
    constraint credit_holds_closed_are_empty check (state = 'open' or (remaining_micros = 0 and closed_at is not null))
  )`,
  `create index credit_holds_open on credit_holds (expires_at) where state = 'open'`,

  `create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is only ever added to: correct it by another transaction', tg_table_name using errcode = 'restrict_violation';
    end $$`,
  ...ADDED_TO_ONLY.flatMap((table) => [
    `create trigger ${table}_only_grow before update or delete or truncate on ${table} for each statement execute function refuse_change()`,
    `revoke update, delete, truncate on ${table} from public, current_user`,
  ]),

  // All postings of a transaction come in one statement.
  `create function check_postings() returns trigger language plpgsql as $$
    begin
      if exists (select from added group by transaction_id having sum(amount_micros) <> 0) then
        raise exception 'postings of a transaction do not sum to zero' using errcode = 'check_violation';
      end if;
      if exists (select from added where not exists (select from ledger_transactions where id = added.transaction_id)) then
        raise exception 'postings of no transaction' using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $$`,
  `create trigger ledger_postings_balance after insert on ledger_postings
    referencing new table as added for each statement execute function check_postings()`,

  // What was used before there was a ledger is not billed.
  `alter table calls
    add column rate_card_version text,
    add column carrier_duration_s integer check (carrier_duration_s >= 0),
    add column carrier_billed_at timestamptz,
    add column billing_problem text`,
  `create index calls_unbilled on calls (ended_at)
    where ended_at is not null and carrier_billed_at is null and billing_problem is null and rate_card_version is not null`,
  `alter table call_usage add column billed_at timestamptz, add column billing_problem text`,
  `update call_usage set billed_at = at`,
  `create index call_usage_unbilled on call_usage (at) where billed_at is null and billing_problem is null`,
  `alter table text_usage
    add column rate_card_version text,
    add column billed_at timestamptz,
    add column billing_problem text`,
  `update text_usage set billed_at = at`,
  `create index text_usage_unbilled on text_usage (at) where billed_at is null and billing_problem is null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
