/**
 * `npm run migrate`: brings the database at DATABASE_URL up to date and says by its exit code whether it is. Any number may run at once.
 * A control plane does the same when it starts; this is for deployments that migrate first, with a role that may.
 *
 * With ENCRYPTION_KEY it also seals anew, under the ring's first key, what one of its other keys had sealed: the second step of a rotation.
 */
import { Fault } from "@struere/kernel";
import { createKeyRing, faultOfDatabase, migrate, openDatabase, resealCredentials } from "@struere/store";

const CONNECT_WITHIN_MS = 10_000;
/** The migrator sets longer bounds for its own statements. */
const STATEMENT_MS = 60_000;

const url = process.env["DATABASE_URL"];
if (!url) {
  fail("DATABASE_URL is missing; set it to the postgres:// address of the database");
} else if (!/^postgres(ql)?:\/\//.test(url)) {
  fail("DATABASE_URL is not a postgres:// address; correct it");
} else {
  const db = openDatabase({ url, poolMax: 2, statementTimeoutMs: STATEMENT_MS, connectTimeoutMs: CONNECT_WITHIN_MS });
  try {
    const ran = await migrate(db);
    process.stdout.write(ran.length === 0 ? "The database was up to date.\n" : `Migrated: ${ran.join(", ")}\n`);
    const keys = process.env["ENCRYPTION_KEY"];
    if (keys) {
      const resealed = await resealCredentials(db, createKeyRing(keys));
      process.stdout.write(`Secrets sealed anew under the first key of ENCRYPTION_KEY: ${resealed}\n`);
    }
  } catch (thrown) {
    const fault = faultOfDatabase(thrown) ?? Fault.from(thrown);
    // Postgres explains itself in the cause; neither holds the address's password.
    const causes = [fault.cause, fault.cause instanceof Error ? fault.cause.cause : undefined].filter((cause) => cause instanceof Error);
    fail([fault.sentence, ...causes.map((cause) => cause.message)].join(": "));
  } finally {
    await db.destroy();
  }
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
