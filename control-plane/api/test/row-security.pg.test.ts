/**
 * The second wall: questions that forget their conditions, asked for somebody. Generated from the catalogue: every table there is either holds
 * one organization's rows, or is named as one that does not.
 */
import { CLOSED_TABLES, migrate, openDatabase, openScopedDatabase, type ScopedDatabase, type Scope, SHARED_TABLES } from "@struere/store";
import { randomBytes } from "node:crypto";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aScope } from "./fixture.ts";
import { ownedThings } from "./owned-things.ts";

let database: TestDatabase;
let scoped: ScopedDatabase;
let owner: Scope;
let stranger: Scope;

beforeAll(async () => {
  database = await testDatabase();
  // One connection, so that everybody's questions go over the same.
  scoped = openScopedDatabase({ url: database.url, poolMax: 1, statementTimeoutMs: 10_000 });
  owner = await aScope(database.db, "production");
  stranger = await aScope(database.db, "production");
  await ownedThings(database.db, owner);
});
afterAll(async () => {
  await scoped.close();
  await database[Symbol.asyncDispose]();
});

const everybodys = async (table: string) => (await sql<object>`select * from ${sql.table(table)}`.execute(database.db)).rows;
const seenBy = async (scope: Scope, table: string) =>
  (await sql<object>`select * from ${sql.table(table)}`.execute(scoped.of(scope.organizationId))).rows;

async function tables(): Promise<readonly string[]> {
  const { rows } = await sql<{
    readonly name: string;
  }>`select relname as name from pg_class where relkind in ('r', 'p', 'v', 'm') and relnamespace = 'public'::regnamespace order by 1`.execute(
    database.db,
  );
  return rows.map(({ name }) => name);
}

/** Behind the wall. */
async function walled(): Promise<readonly string[]> {
  return (await tables()).filter((name) => ![...SHARED_TABLES, ...CLOSED_TABLES].includes(name));
}

describe("a question without a condition", () => {
  test("sees the asker's rows and nobody else's, in every table", async () => {
    const filled: string[] = [];
    for (const table of await walled()) {
      const all = await everybodys(table);
      const strangers = await seenBy(stranger, table);
      const owners = await seenBy(owner, table);
      // The stranger has a row of its own among the organizations, and nothing else.
      expect(strangers, table).toHaveLength(table === "organizations" ? 1 : 0);
      expect(owners, table).toHaveLength(table === "organizations" ? 1 : all.length);
      if (all.length > 0) filled.push(table);
    }
    expect(filled).toEqual(
      expect.arrayContaining([
        ...["agent_heads", "agent_versions", "agents", "api_keys", "call_events", "calls", "definition_versions", "definitions"],
        ...["entities", "organizations", "router_versions", "routers", "threads", "utterances", "voice_connections"],
      ]),
    );
  });

  test("changes and deletes nothing of others", async () => {
    const db = scoped.of(stranger.organizationId);
    for (const table of ["agents", "entities", "calls", "call_events", "utterances", "agent_versions", "voice_connections", "api_keys"]) {
      const before = await everybodys(table);
      expect((await sql`delete from ${sql.table(table)}`.execute(db)).numAffectedRows, table).toBe(0n);
      expect(await everybodys(table)).toEqual(before);
    }
    expect((await db.updateTable("agents").set({ name: "mine now" }).executeTakeFirst()).numUpdatedRows).toBe(0n);
  });

  test("adds nothing to others", async () => {
    const db = scoped.of(stranger.organizationId);
    const theirs = await database.db.selectFrom("calls").select("id").executeTakeFirstOrThrow();
    await expect(
      db
        .insertInto("audit_log")
        .values({
          organization_id: owner.organizationId,
          environment: "production",
          at: new Date(),
          actor: "x",
          action: "x",
          subject: "x",
          detail: "{}",
        })
        .execute(),
    ).rejects.toThrow(/row-level security/);
    await expect(
      db.insertInto("call_watermarks").values({ call_id: theirs.id, epoch: 99, seq: 1, updated_at: new Date() }).execute(),
    ).rejects.toThrow(/row-level security/);
  });
});

test("a connection serves one organization after the other, and never the one for the other", async () => {
  for (const scope of [owner, stranger, owner, stranger]) {
    const { rows } = await sql<{ id: string }>`select id from organizations`.execute(scoped.of(scope.organizationId));
    expect(rows).toEqual([{ id: scope.organizationId }]);
    await scoped
      .of(scope.organizationId)
      .transaction()
      .execute(async (tx) => {
        expect(await tx.selectFrom("organizations").select("id").execute()).toEqual([{ id: scope.organizationId }]);
      });
  }
});

test("stands as well where the database's user owns the tables and may not make a role", async () => {
  await using fresh = await testDatabase({ migrated: false });
  const role = `service_${randomBytes(6).toString("hex")}`;
  const url = new URL(fresh.url);
  await sql.raw(`create role ${role} login password 'secret'`).execute(fresh.db);
  await sql.raw(`alter database ${url.pathname.slice(1)} owner to ${role}`).execute(fresh.db);
  await sql.raw(`alter schema public owner to ${role}`).execute(fresh.db);
  [url.username, url.password] = [role, "secret"];
  const options = { url: url.href, poolMax: 1, statementTimeoutMs: 10_000 };
  const service = openDatabase(options);
  const asking = openScopedDatabase(options);
  try {
    await migrate(service);
    const [one, other] = [await aScope(service, "production"), await aScope(service, "production")];
    await ownedThings(service, one);
    for (const table of ["agents", "agent_versions", "calls", "call_events", "entities"]) {
      expect((await sql`select * from ${sql.table(table)}`.execute(asking.of(one.organizationId))).rows, table).not.toEqual([]);
      expect((await sql`select * from ${sql.table(table)}`.execute(asking.of(other.organizationId))).rows, table).toEqual([]);
      expect((await sql`delete from ${sql.table(table)}`.execute(asking.of(other.organizationId))).numAffectedRows, table).toBe(0n);
    }
  } finally {
    await asking.close();
    await service.destroy();
    await sql.raw(`reassign owned by ${role} to current_user`).execute(fresh.db);
    await sql.raw(`drop owned by ${role}`).execute(fresh.db);
    await sql.raw(`drop role ${role}`).execute(fresh.db);
  }
});

test("every table holds somebody's rows behind the wall, may be read by all, or is closed", async () => {
  for (const table of CLOSED_TABLES) await expect(seenBy(owner, table), table).rejects.toThrow(/permission denied/);
  for (const table of SHARED_TABLES) {
    await expect(seenBy(owner, table), table).resolves.toEqual(await everybodys(table));
    await expect(sql`delete from ${sql.table(table)}`.execute(scoped.of(owner.organizationId)), table).rejects.toThrow(/permission denied/);
  }
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relrowsecurity order by 1
  `.execute(database.db);
  expect(rows.map(({ name }) => name)).toEqual([...(await walled()), ...SHARED_TABLES].toSorted());
});
