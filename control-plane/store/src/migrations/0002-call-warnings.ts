/** What somebody should know about how a call was set up: sentences that stand in its record. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table calls add column warnings jsonb not null default '[]'`).execute(db);
}
