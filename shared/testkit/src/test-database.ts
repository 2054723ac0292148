/** A database of its own for each test file: copied from one that was migrated once in the run, on the run's one Postgres. */
import { randomBytes } from "node:crypto";
import { type Db, migrate, openDatabase } from "@struere/store";
import { sql } from "kysely";
import { inject } from "vitest";
import { templateName } from "./template-name.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** A pool on it, closed with it. */
  readonly db: Db;
}

/** Of the advisory lock under which the template is made: any number that nobody else uses. */
const TEMPLATE_LOCK = 727_001;
const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * @param options.migrated `false` for an empty database, to test migrations themselves.
 * @example
 * const database = await testDatabase();
 * afterAll(() => database[Symbol.asyncDispose]());
 */
export async function testDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const { postgresUrl, runId } = inject("testServers");
  if (postgresUrl === null) throw new Error("there is no Postgres in this project: name the test file *.pg.test.ts or *.world.test.ts");
  const template = options.migrated === false ? "template0" : await migratedTemplate(postgresUrl, runId);
  const name = `struere_test_${runId}_${randomBytes(6).toString("hex")}`;
  // Block by block through the log, as is the default, takes three times as long.
  await asAdmin(postgresUrl, (admin) => sql.raw(`create database ${name} template ${template} strategy file_copy`).execute(admin));
  const url = onDatabase(postgresUrl, name);
  const db = openDatabase({ url, poolMax: 5, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await asAdmin(postgresUrl, (admin) => sql.raw(`drop database if exists ${name} with (force)`).execute(admin));
    },
  };
}

/** Test files ask at the same time, from several processes: the first one makes it, the others wait for it. */
async function migratedTemplate(serverUrl: string, runId: string): Promise<string> {
  const template = templateName(runId);
  await asAdmin(serverUrl, async (admin) => {
    await sql`select pg_advisory_lock(${TEMPLATE_LOCK})`.execute(admin);
    const { rows } = await sql`select 1 from pg_database where datname = ${template}`.execute(admin);
    if (rows.length > 0) return;
    const making = `${template}_making`;
    await sql.raw(`drop database if exists ${making} with (force)`).execute(admin);
    await sql.raw(`create database ${making} template template0`).execute(admin);
    const db = openDatabase({ url: onDatabase(serverUrl, making), poolMax: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
    try {
      await migrate(db);
    } finally {
      await db.destroy();
    }
    await sql.raw(`alter database ${making} rename to ${template}`).execute(admin);
  });
  return template;
}

/** On one connection, so that a lock taken in it ends with it. */
async function asAdmin<Answer>(serverUrl: string, work: (admin: Db) => Promise<Answer>): Promise<Answer> {
  const admin = openDatabase({ url: serverUrl, poolMax: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    return await admin.connection().execute(work);
  } finally {
    await admin.destroy();
  }
}

function onDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
