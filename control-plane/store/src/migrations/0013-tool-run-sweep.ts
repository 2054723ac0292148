/** Runs of tools that go on, by when they should have ended: for the sweep, which looks every few seconds. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index tool_runs_running on tool_runs (deadline_at) where status = 'running'`.execute(db);
}
