/** Whose turn a round of repeated work is: one control plane does it, and not each of them. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table rounds (kind text primary key, due_at timestamptz not null, token text not null)`.execute(db);
}
