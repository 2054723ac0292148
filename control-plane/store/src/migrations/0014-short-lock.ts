/**
 * The books are locked for as short as can be: what is asked under the lock is one question, and what is written one more, so that a call
 * that comes in waits for few round trips of those before it. A function's statements see what was committed before each of them: what is
 * read here after the lock is what those have left who had it before. Nothing is decided here; that is the domain's.
 */
import { type Kysely, sql } from "kysely";

const BALANCES = ["available", "held", "funding", "models", "telephony", "unobserved", "markup", "recovery"];

const STATEMENTS = [
  // Numbers beyond 2^53 do not survive JSON, and dates are text there anyhow.
  `create function as_text(row_ anyelement) returns jsonb language sql immutable as $$
    select jsonb_object_agg(key, value #>> '{}') from jsonb_each(to_jsonb(row_))
  $$`,

  // The books are there from their first use on. Of two who open the same ones, one does, and the other waits for it.
  `create function lock_ledger(of_organization text, of_environment environment, in_currency text, at timestamptz) returns ledgers
  language plpgsql as $$
    declare locked ledgers;
    begin
      select * into locked from ledgers
        where organization_id = of_organization and environment = of_environment for no key update;
      if not found then
        insert into ledgers (organization_id, environment, currency, created_at)
          values (of_organization, of_environment, in_currency, at) on conflict (organization_id, environment) do nothing;
        select * into strict locked from ledgers
          where organization_id = of_organization and environment = of_environment for no key update;
      end if;
      return locked;
    end $$`,

  // Locks the books and, in one order for everybody, the holds: renewals lock holds without the books.
  `create function read_books(
    of_organization text, of_environment environment, in_currency text, at timestamptz, keys text[], hold_ids text[]
  ) returns jsonb language plpgsql as $$
    declare locked ledgers; posted jsonb; holds jsonb;
    begin
      locked := lock_ledger(of_organization, of_environment, in_currency, at);
      select coalesce(jsonb_agg(jsonb_build_object('key', idempotency_key, 'kind', kind, 'amount', amount_micros::text)), '[]') into posted
        from ledger_transactions
        where organization_id = of_organization and environment = of_environment and idempotency_key = any(keys);
      select coalesce(jsonb_agg(as_text(hold)), '[]') into holds from (
        select * from credit_holds
          where organization_id = of_organization and environment = of_environment and id = any(hold_ids)
          order by id for no key update
      ) as hold;
      return jsonb_build_object('ledger', as_text(locked), 'posted', posted, 'holds', holds);
    end $$`,

  // What decides whether a call may begin. Key and number are empty for a call that comes in.
  `create function read_admission(
    of_organization text, of_environment environment, in_currency text, at timestamptz, of_call text, of_key text, dialled text
  ) returns jsonb language plpgsql as $$
    declare books jsonb; allowed jsonb; policy jsonb; live jsonb; dialled_before jsonb; held_of_key bigint;
    begin
      books := read_books(of_organization, of_environment, in_currency, at, array['hold:' || of_call], array[of_call]);
      select coalesce(jsonb_agg(as_text(row_)), '[]') into allowed from allowances row_
        where organization_id = of_organization and environment = of_environment and subject in ('', of_key);
      select as_text(row_) into policy from dialling_policies row_
        where organization_id = of_organization and environment = of_environment;
      if dialled <> '' or of_key <> '' or policy ->> 'max_concurrent' is not null then
        select jsonb_build_object('all', count(*), 'ofKey', count(*) filter (where api_key_id = of_key)) into live from calls
          where organization_id = of_organization and environment = of_environment
            and status in ('pending', 'active') and id <> of_call;
      end if;
      if dialled <> '' then
        select jsonb_build_object('all', count(*), 'ofKey', count(*) filter (where api_key_id = of_key)) into dialled_before from calls
          where organization_id = of_organization and environment = of_environment and direction = 'outbound'
            and to_number = dialled and created_at > at - interval '24 hours' and id <> of_call;
      end if;
      if of_key <> '' then
        select coalesce(sum(remaining_micros), 0) into held_of_key from credit_holds hold join calls on calls.id = hold.id
          where hold.organization_id = of_organization and hold.environment = of_environment and hold.state = 'open'
            and calls.api_key_id = of_key;
      end if;
      return jsonb_build_object('books', books, 'allowances', allowed, 'policy', policy, 'live', live, 'toNumber', dialled_before,
        'heldOfKey', held_of_key::text);
    end $$`,

  // Transactions, and then all their postings in one statement: the database looks whether they sum to zero when it is done. In a statement
  // of its own, since whoever sees only one organization's rows adds postings only to transactions that it sees.
  `create function write_books(
    of_organization text, of_environment environment, at timestamptz, balances jsonb, holds jsonb, transactions jsonb, postings jsonb
  ) returns void language plpgsql as $$
    declare numbers jsonb;
    begin
      insert into credit_holds (id, organization_id, environment, state, remaining_micros, opened_at, expires_at, closed_at)
        select id, of_organization, of_environment, state, remaining, at, expires_at, case when state = 'open' then null else at end
        from jsonb_to_recordset(holds) as row_ (id text, state text, remaining bigint, expires_at timestamptz)
        on conflict (organization_id, environment, id) do update set state = excluded.state,
          remaining_micros = excluded.remaining_micros, expires_at = excluded.expires_at, closed_at = excluded.closed_at;
      if jsonb_array_length(transactions) = 0 then return; end if;
      with added as (
        insert into ledger_transactions (
          organization_id, environment, idempotency_key, kind, amount_micros, available_after_micros, held_after_micros, hold_id, call_id,
          thread_id, source, model, rate_card_version, estimated, lines, actor, note, corrects, occurred_at, posted_at
        )
        select of_organization, of_environment, idempotency_key, kind, amount, available_after, held_after, hold_id, call_id,
          thread_id, source, model, rate_card_version, estimated, lines, actor, note, corrects, occurred_at, at
        from jsonb_to_recordset(transactions) as row_ (
          idempotency_key text, kind text, amount bigint, available_after bigint, held_after bigint, hold_id text, call_id text,
          thread_id text, source text, model text, rate_card_version text, estimated boolean, lines jsonb, actor text, note text,
          corrects text, occurred_at timestamptz
        )
        returning id, idempotency_key
      )
      select jsonb_object_agg(idempotency_key, id) into numbers from added;
      insert into ledger_postings (transaction_id, account, amount_micros)
        select (numbers ->> row_.idempotency_key)::bigint, row_.account, row_.amount
        from jsonb_to_recordset(postings) as row_ (idempotency_key text, account text, amount bigint);
      update ledgers set ${BALANCES.map((name) => `${name}_micros = (balances ->> '${name}')::bigint`).join(", ")}
        where organization_id = of_organization and environment = of_environment;
    end $$`,

  // As before, one row after the other: a plan for many would read all transactions that there are.
  `create or replace function check_postings() returns trigger language plpgsql as $$
    begin
      if exists (select from added group by transaction_id having sum(amount_micros) <> 0) then
        raise exception 'postings of a transaction do not sum to zero' using errcode = 'check_violation';
      end if;
      if exists (select from added where (select id from ledger_transactions where id = added.transaction_id) is null) then
        raise exception 'postings of no transaction' using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $$`,

  `create index calls_live_of on calls (organization_id, environment) where status in ('pending', 'active')`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
