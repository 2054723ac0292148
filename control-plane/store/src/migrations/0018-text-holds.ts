/**
 * An answer in writing reserves its credit before the model is asked: its hold has the request's id, and its use says which request it was, so
 * that the charge is captured from it. What is reserved and used in writing counts for the key that asked.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table credit_holds add column api_key_id text`,
  `create index credit_holds_key on credit_holds (api_key_id) where api_key_id is not null and state = 'open'`,
  `alter table text_usage add column request_id text, add column api_key_id text`,
  // As before, and with what is reserved for the key's answers.
  `create or replace function read_admission(
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
        select coalesce(sum(remaining_micros), 0) into held_of_key from credit_holds hold left join calls on calls.id = hold.id
          where hold.organization_id = of_organization and hold.environment = of_environment and hold.state = 'open'
            and coalesce(hold.api_key_id, calls.api_key_id) = of_key;
      end if;
      return jsonb_build_object('books', books, 'allowances', allowed, 'policy', policy, 'live', live, 'toNumber', dialled_before,
        'heldOfKey', held_of_key::text);
    end $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
