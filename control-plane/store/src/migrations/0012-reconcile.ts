/** Which transaction another one corrects, and which calls were looked through for what their nodes could not report. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // The idempotency key of the charge; what a use comes to is the charge and all that correct it.
  `alter table ledger_transactions add column corrects text`,
  `create index ledger_transactions_corrects on ledger_transactions (organization_id, environment, corrects) where corrects is not null`,
  `create index ledger_transactions_estimated on ledger_transactions (id) where idempotency_key like 'estimate:%'`,
  `alter table calls add column estimates_checked_at timestamptz`,
  `create index calls_estimates_unchecked on calls (ended_at)
    where ended_at is not null and estimates_checked_at is null and rate_card_version is not null and epoch > 0`,
  // By what a vendor's export names.
  `create index call_usage_vendor on call_usage (usage_id)`,
  `create index call_events_session on call_events ((body #>> '{data,sessionId}')) where name = 'model.opened'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
