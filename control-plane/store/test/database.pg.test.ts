import { Fault } from "@struere/kernel";
import { startPostgres } from "@struere/runtime/postgres";
import { testDatabase } from "@struere/testkit";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { faultOfDatabase, isFaultOfData, migrate, openDatabase } from "../src/index.ts";
import { MIGRATIONS } from "../src/migrations/index.ts";
import { useDatabase } from "./database.ts";

const server = useDatabase();

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test("several processes that start at once migrate once", async () => {
  await using fresh = await testDatabase({ migrated: false });
  const pools = Array.from({ length: 4 }, () => openDatabase({ url: fresh.url, poolMax: 2, statementTimeoutMs: 2_000 }));
  try {
    const ran = await Promise.all(pools.map((db) => migrate(db)));
    expect(ran.flat()).toEqual(Object.keys(MIGRATIONS));
    for (const db of pools) expect(await db.selectFrom("organizations").selectAll().execute()).toEqual([]);
  } finally {
    await Promise.all(pools.map((db) => db.destroy()));
  }
});

test("after migrating, statements of the pool are cut off as before", async () => {
  const db = openDatabase({ url: server.url, poolMax: 1, statementTimeoutMs: 150 });
  try {
    await migrate(db);
    const error = await thrownBy(sql`select pg_sleep(30)`.execute(db));
    expect(faultOfDatabase(error)?.code).toBe("deadline_exceeded");
  } finally {
    await db.destroy();
  }
});

test("an int8 is a number as long as a number can hold it, and exact beyond", async () => {
  const { rows } = await sql<{ small: number; edge: number; large: bigint }>`
    select 7::bigint as small, 9007199254740991::bigint as edge, 9007199254740993::bigint as large`.execute(server.db);
  expect(rows[0]).toEqual({ small: 7, edge: Number.MAX_SAFE_INTEGER, large: 9007199254740993n });
});

test("a database that is away is `unavailable`, and comes back without a new pool", async () => {
  const first = await startPostgres({ dataDir: null });
  const idle: Error[] = [];
  const db = openDatabase({
    url: first.url,
    poolMax: 2,
    statementTimeoutMs: 2_000,
    connectTimeoutMs: 2_000,
    onIdleError: (error) => idle.push(error),
  });
  try {
    await sql`select 1`.execute(db);
    await first.stop();
    const error = await thrownBy(sql`select 1`.execute(db));
    expect(faultOfDatabase(error)).toMatchObject({ code: "unavailable", retryable: true });
  } finally {
    await db.destroy();
    await first.stop();
  }
}, 30_000);

test("a statement that can never succeed is told from one that may", async () => {
  expect(isFaultOfData(await thrownBy(sql`select ${"x"}::int`.execute(server.db)))).toBe(true);
  expect(isFaultOfData(await thrownBy(sql`select * from no_such_table`.execute(server.db)))).toBe(false);
  expect(isFaultOfData(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }))).toBe(false);
});

test("what is no fault of the database is not called one", () => {
  expect(faultOfDatabase(new TypeError("x is not a function"))).toBeUndefined();
  expect(faultOfDatabase("a string")).toBeUndefined();
  const fault = new Fault("not_found", "no such agent");
  expect(faultOfDatabase(fault)).toBe(fault);
  expect(faultOfDatabase(Object.assign(new Error("deadlock detected"), { code: "40P01" }))).toMatchObject({
    code: "aborted",
    retryable: true,
  });
});
