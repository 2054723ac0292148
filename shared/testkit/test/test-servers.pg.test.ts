import { sql } from "kysely";
import { expect, test } from "vitest";
import { testDatabase } from "../src/index.ts";

test("every test database is migrated, empty and its own", async () => {
  await using one = await testDatabase();
  await using two = await testDatabase();
  const tables = sql<{ count: number }>`select count(*)::int as count from information_schema.tables where table_schema = 'public'`;
  const { rows } = await tables.execute(one.db);
  expect(rows[0]?.count).toBeGreaterThan(3);

  await sql`create table mine (id int)`.execute(one.db);
  const { rows: elsewhere } = await sql`select 1 from information_schema.tables where table_name = 'mine'`.execute(two.db);
  expect(elsewhere).toEqual([]);
});

test("a database to test migrations on is empty, and UTF-8 whatever the machine says", async () => {
  await using database = await testDatabase({ migrated: false });
  const { rows } = await sql<{ encoding: string }>`select current_setting('server_encoding') as encoding`.execute(database.db);
  expect(rows).toEqual([{ encoding: "UTF8" }]);
  const tables = await sql`select 1 from information_schema.tables where table_schema = 'public'`.execute(database.db);
  expect(tables.rows).toEqual([]);
});
