/** What is needed to say whether auditors earn their money: who was corrected, when a correction was heard, and whether the form was filled. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  // Null on a call that nobody audits, and on those of before: an audited one of these was corrected.
  `alter table calls
    add column auditor_sample double precision check (auditor_sample between 0 and 1),
    add column auditor_group text check (auditor_group in ('corrected', 'control')),
    add column form_checked_at timestamptz,
    add column form_complete boolean,
    add constraint calls_trial_is_whole check ((auditor_sample is null) = (auditor_group is null)),
    add constraint calls_form_is_dated check (form_complete is null or form_checked_at is not null)`,
  // What forms were like at the end of earlier calls nobody knows any more.
  `update calls set form_checked_at = ended_at where ended_at is not null`,
  `create index calls_form_unchecked on calls (ended_at) where ended_at is not null and form_checked_at is null`,

  `alter table injections add column receipt_offset_ms bigint`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
