/** What was posted before is found key by key: a plan for any number of keys would read all that was ever posted. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create or replace function read_books(
    of_organization text, of_environment environment, in_currency text, at timestamptz, keys text[], hold_ids text[]
  ) returns jsonb language plpgsql as $$
    declare locked ledgers; posted jsonb; holds jsonb;
    begin
      locked := lock_ledger(of_organization, of_environment, in_currency, at);
      select coalesce(jsonb_agg(jsonb_build_object('key', found.idempotency_key, 'kind', found.kind, 'amount', found.amount_micros::text)), '[]')
        into posted
        from unnest(keys) as wanted (key) cross join lateral (
          select * from ledger_transactions
            where organization_id = of_organization and environment = of_environment and idempotency_key = wanted.key limit 1
        ) as found;
      select coalesce(jsonb_agg(as_text(hold)), '[]') into holds from (
        select * from credit_holds
          where organization_id = of_organization and environment = of_environment and id = any(hold_ids)
          order by id for no key update
      ) as hold;
      return jsonb_build_object('ledger', as_text(locked), 'posted', posted, 'holds', holds);
    end $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
