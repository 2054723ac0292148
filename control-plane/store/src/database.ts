/** Opens the database: one bounded pool, statements that end, int8 as number. */
import { Fault, type OrganizationId } from "@struere/kernel";
import { Kysely, PostgresDialect, type PostgresPool, sql } from "kysely";
import { type CustomTypesConfig, Pool, types } from "pg";
import { ORGANIZATION_SETTING, SCOPED_ROLE } from "./scoped-role.ts";
import type { Database } from "./schema.ts";

/** What questions are asked of: the pool, or a transaction of it. */
export type Db = Kysely<Database>;

/** Inside the caller's transaction when there is one, otherwise in one of its own. */
export function inTransaction<Answer>(db: Db, work: (tx: Db) => Promise<Answer>): Promise<Answer> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** All of its questions see the database as it is at the first one, and hold up nobody. Not for a transaction that is under way. */
export function inSnapshot<Answer>(db: Db, work: (tx: Db) => Promise<Answer>): Promise<Answer> {
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(work);
}

/** Whether this transaction now holds the lock of this name, alone among all; it lets go when it ends. Does not wait. */
export async function tryLock(tx: Db, name: string): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as held`.execute(tx);
  return rows[0]?.held ?? false;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Most connections at a time; further questions wait `connectTimeoutMs` for one. */
  readonly poolMax: number;
  /** A statement that runs longer is cut off by Postgres: 2 s for what a call waits for. */
  readonly statementTimeoutMs: number;
  /** How long a question waits for a connection before it fails as `unavailable`. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** An idle connection broke (failover, restart). The pool has dropped it already; this is for the log. */
  readonly onIdleError?: (error: Error) => void;
}

export function openDatabase(options: DatabaseOptions): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool(options) }) });
}

/** Connections on which only one organization's rows are there; see row-security.ts. */
export interface ScopedDatabase {
  /** For questions about this organization. Costs nothing to ask for; is not to be destroyed. */
  of(organizationId: OrganizationId): Db;
  close(): Promise<void>;
}

/** A pool of its own: a connection is never lent out without saying for whom, and never used by the planes. */
export function openScopedDatabase(options: DatabaseOptions): ScopedDatabase {
  const pool = openPool(options);
  return {
    of: (organizationId) => new Kysely<Database>({ dialect: new PostgresDialect({ pool: poolFor(pool, organizationId) }) }),
    close: () => pool.end(),
  };
}

/** As the role that owns nothing, where this user may take it. */
const ASK_FOR = `select set_config($2, $3, false), set_config('role', coalesce((
  select rolname from pg_roles where rolname = $1 and pg_has_role(session_user, oid, 'usage')
), 'none'), false)`;

function poolFor(pool: Pool, organizationId: OrganizationId): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect();
      try {
        await client.query(ASK_FOR, [SCOPED_ROLE, ORGANIZATION_SETTING, organizationId]);
        return client;
      } catch (thrown) {
        client.release(true);
        throw thrown;
      }
    },
    end: () => Promise.resolve(),
    options: pool.options,
  };
}

function openPool(options: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolMax,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs * 5,
    application_name: "struere",
    types: TYPES,
  });
  // Without a listener Node takes a broken idle connection for a crash of the process.
  pool.on("error", (error) => options.onIdleError?.(error));
  // The same for one that breaks while it is lent out, between two statements: whoever has it hears of it from the next one.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Whether Postgres answers. @throws whatever keeps it from doing so. */
export async function ping(db: Db): Promise<void> {
  await sql`select 1`.execute(db);
}

const INT8 = types.builtins.INT8;

/** Our int8 columns count milliseconds, frames and messages: numbers. What does not fit stays exact as a bigint. */
function parseInt8(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

const TYPES: CustomTypesConfig = {
  getTypeParser(oid, format) {
    return oid === INT8 && format !== "binary" ? parseInt8 : types.getTypeParser(oid, format);
  },
};

/** SQLSTATE classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) in the words of the wire. */
export function faultOfDatabase(thrown: unknown): Fault | undefined {
  if (thrown instanceof Fault) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  if (code === "40001" || code === "40P01" || code === "55P03") {
    return new Fault("aborted", "another change got in the way; the same request may be sent again", { cause: thrown });
  }
  if (code === "57014") return new Fault("deadline_exceeded", "the database took too long over one statement", { cause: thrown });
  if (code === "25006" || /^(08|53|57P)/.test(code) || CONNECTION_ERRORS.test(code) || CONNECTION_MESSAGES.test(thrown.message)) {
    return new Fault("unavailable", "the database can not be reached", { cause: thrown });
  }
  return undefined;
}

/** Whether a statement failed for what it was given (classes 22, 23 and 54): trying again brings the same answer. */
export function isFaultOfData(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && /^(22|23|54)\w{3}$/.test(thrown.code);
}

const CONNECTION_ERRORS = /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENOENT)$/;
/** pg gives these no code. */
const CONNECTION_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|connection is closed/i;
