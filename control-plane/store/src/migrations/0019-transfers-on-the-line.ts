/** Calls that were transferred to a person and are not over: few, and looked for every two seconds. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create index calls_transferred on calls (organization_id, environment)
        where status = 'completed' and reason = 'transferred' and carrier_ended_at is null`,
    )
    .execute(db);
}
