/** Brings the schema up to date. Any number of processes may start at once: Kysely's Migrator lets one work and the others wait. */
import { Fault } from "@struere/kernel";
import { sql } from "kysely";
import { Migrator } from "kysely/migration";
import type { Db } from "./database.ts";
import { secureRows } from "./row-security.ts";
import { MIGRATIONS } from "./migrations/index.ts";

/** @returns the names of the migrations that this call ran. On an error nothing of the batch stays. */
export async function migrate(db: Db): Promise<readonly string[]> {
  return await db.connection().execute(async (connection) => {
    // Waiting for another process's migration is not a slow statement; waiting behind a long read of a busy table is one.
    await sql`set statement_timeout = '5min'; set lock_timeout = '30s'`.execute(connection);
    try {
      const migrator = new Migrator({ db: connection, provider: { getMigrations: async () => MIGRATIONS } });
      const { error, results } = await migrator.migrateToLatest();
      if (error !== undefined) {
        const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "before the first migration";
        throw new Fault("failed_precondition", `the database could not be migrated (${failed}); nothing was changed`, { cause: error });
      }
      await secureRows(connection);
      return (results ?? []).filter((result) => result.status === "Success").map((result) => result.migrationName);
    } finally {
      await sql`reset statement_timeout; reset lock_timeout`.execute(connection);
    }
  });
}
