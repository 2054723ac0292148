import { randomBytes } from "node:crypto";
import { micros } from "@struere/kernel";
import { testDatabase } from "@struere/testkit";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import {
  createOrganization,
  type Db,
  type EntryToPost,
  expireHolds,
  getLedger,
  listLedgers,
  listStatement,
  migrate,
  openDatabase,
  postEntries,
  postEntry,
  renewHolds,
  type Scope,
  setCreditLimit,
  verifyLedger,
} from "../src/index.ts";
import { aCall, aScope, later, NOW, useDatabase } from "./database.ts";

const server = useDatabase();

const credit = (key: string, amount: number): EntryToPost => ({
  actor: "key:test",
  entry: { kind: "credit", key, amount: micros(amount) },
});
const hold = (holdId: string, amount: number, until = later(60_000)): EntryToPost => ({
  actor: "test",
  entry: { kind: "hold", key: `hold:${holdId}:${amount}`, holdId, amount: micros(amount), expiresAt: until.getTime() },
});
const charge = (key: string, cost: number, holdId: string | null = null): EntryToPost => ({
  actor: "biller",
  entry: { kind: "charge", key, holdId, to: "models", cost: micros(cost), markup: micros(0), payer: "organization" },
});

async function aFundedScope(amount: number): Promise<Scope> {
  const scope = await aScope(server.db);
  await setCreditLimit(server.db, scope, { creditLimit: micros(0), currency: "USD", now: NOW });
  await postEntry(server.db, scope, credit("first", amount), NOW);
  return scope;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "nothing was refused",
    (error: unknown) => String(error),
  );
}

/** What can be tried against the books, by whoever has the connection. */
async function attacks(db: Db): Promise<readonly string[]> {
  const tries = [
    sql`update ledger_postings set amount_micros = 1`,
    sql`delete from ledger_postings`,
    sql`truncate ledger_postings`,
    sql`update ledger_transactions set amount_micros = 1`,
    sql`delete from ledger_transactions`,
    sql`truncate ledger_transactions`,
    sql`update rate_cards set card = '{}'`,
  ];
  const answers: string[] = [];
  for (const one of tries) answers.push(await refusal(one.execute(db)));
  return answers;
}

describe("the books", () => {
  test("can not be changed, whoever tries, and postings that do not sum to zero or belong to nothing are refused", async () => {
    const scope = await aFundedScope(100);
    expect((await attacks(server.db)).filter((answer) => !answer.includes("is only ever added to"))).toEqual([]);
    const [row] = await listStatement(server.db, scope, {}, { limit: 1, after: null });
    const unbalanced = sql`insert into ledger_postings values (${row?.id}, 'models', 5), (${row?.id}, 'markup', -4)`.execute(server.db);
    expect(await refusal(unbalanced)).toMatch(/do not sum to zero/);
    const homeless = sql`insert into ledger_postings values (999999999, 'models', 5), (999999999, 'markup', -5)`.execute(server.db);
    expect(await refusal(homeless)).toMatch(/postings of no transaction/);
    const drift = sql`update ledgers set available_micros = available_micros + 1 where organization_id = ${scope.organizationId}`;
    expect(await refusal(drift.execute(server.db))).toMatch(/ledgers_sum_to_zero/);
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("are kept by a role without any privilege, which has no right to change them", async () => {
    await using fresh = await testDatabase({ migrated: false });
    const role = `service_${randomBytes(6).toString("hex")}`;
    const password = randomBytes(12).toString("hex");
    await sql.raw(`create role ${role} login password '${password}'`).execute(fresh.db);
    const url = new URL(fresh.url);
    const database = url.pathname.slice(1);
    await sql.raw(`alter database ${database} owner to ${role}`).execute(fresh.db);
    await sql.raw(`alter schema public owner to ${role}`).execute(fresh.db);
    url.username = role;
    url.password = password;
    const db = openDatabase({ url: url.href, poolMax: 2, statementTimeoutMs: 5_000 });
    try {
      await migrate(db);
      const scope: Scope = { organizationId: await createOrganization(db, { name: "Acme", now: NOW }), environment: "production" };
      await postEntries(db, scope, [credit("first", 100), hold("A", 60), charge("u1", 70, "A")], NOW);
      expect((await getLedger(db, scope)).balances).toMatchObject({ available: 30n, held: 0n, models: 70n, funding: -100n });
      expect(await verifyLedger(db, scope)).toEqual([]);
      expect((await attacks(db)).filter((answer) => !answer.includes("permission denied"))).toEqual([]);
    } finally {
      await db.destroy();
      await sql.raw(`reassign owned by ${role} to current_user`).execute(fresh.db);
      await sql.raw(`drop owned by ${role}`).execute(fresh.db);
      await sql.raw(`drop role ${role}`).execute(fresh.db);
    }
  });

  test("never reserve more than there is, however many ask at once, and each asks once in effect", async () => {
    const scope = await aFundedScope(20);
    const asks = Array.from({ length: 200 }, (_, index) => index % 100);
    const answers = await Promise.all(asks.map((index) => postEntry(server.db, scope, hold(`race${index}`, 1), NOW)));
    const reserved = answers.filter((answer) => answer.ok && answer.value.transaction);
    expect(reserved).toHaveLength(20);
    expect(answers.filter((answer) => !answer.ok).every((answer) => !answer.ok && answer.problem.reason === "insufficient_credit")).toBe(
      true,
    );
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ available: 0n, held: 20n });
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("of one organization and environment are nobody else's: same keys, same holds, other money", async () => {
    const mine = await aFundedScope(100);
    const others: Scope[] = [{ ...mine, environment: "development" }, await aFundedScope(7)];
    await postEntries(server.db, mine, [hold("shared", 10), charge("u1", 4, "shared")], NOW);
    for (const other of others) {
      const before = await getLedger(server.db, other);
      await postEntries(server.db, other, [{ actor: "x", entry: { kind: "release", holdId: "shared" } }], NOW);
      await postEntries(server.db, other, [charge("u1", 1, "shared")], NOW);
      expect((await getLedger(server.db, other)).balances.available).toBe(before.balances.available - 1n);
      expect((await listStatement(server.db, other, { kinds: ["charge"] }, { limit: 10, after: null })).map((row) => row.amount)).toEqual([
        1n,
      ]);
    }
    expect((await getLedger(server.db, mine)).balances).toMatchObject({ available: 90n, held: 6n, models: 4n });
    expect(await listLedgers(server.db)).toContainEqual(mine);
  });

  test("are posted with the work of the caller's transaction, or not at all", async () => {
    const scope = await aFundedScope(100);
    const broken = server.db.transaction().execute(async (tx) => {
      await postEntry(tx, scope, charge("u1", 40), NOW);
      throw new Error("the rest failed");
    });
    await expect(broken).rejects.toThrow("the rest failed");
    expect((await getLedger(server.db, scope)).balances.available).toBe(100n);
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("tell what happened page by page, with what was left after each entry", async () => {
    const scope = await aFundedScope(100);
    const call = await aCall(server.db, scope);
    const about = { callId: call.id, source: "response", model: "gpt-realtime-2.1-mini", rateCardVersion: "v1" } as const;
    await postEntries(
      server.db,
      scope,
      [
        hold(call.id, 50),
        {
          ...charge("u1", 4, call.id),
          ...about,
          occurredAt: later(-60_000),
          lines: [{ item: "audio_in", quantity: 400, rate: 10_000, cost: micros(4) }],
        },
        { actor: "biller", entry: { kind: "release", holdId: call.id }, callId: call.id },
      ],
      NOW,
    );
    const first = await listStatement(server.db, scope, {}, { limit: 2, after: null });
    const rest = await listStatement(server.db, scope, {}, { limit: 9, after: first.at(-1)?.id ?? null });
    expect([...first, ...rest].map((row) => [row.kind, row.amount, row.availableAfter, row.heldAfter])).toEqual([
      ["credit", 100n, 100n, 0n],
      ["hold", 50n, 50n, 50n],
      ["charge", 4n, 50n, 46n],
      ["release", 46n, 96n, 0n],
    ]);
    expect(rest[0]).toMatchObject({
      call_id: call.id,
      source: "response",
      occurred_at: later(-60_000),
      lines: [{ item: "audio_in", quantity: 400, rate: 10_000, costMicros: "4" }],
      postings: [
        { account: "held", amount: -4n },
        { account: "models", amount: 4n },
      ],
    });
    expect(await listStatement(server.db, scope, { to: NOW }, { limit: 9, after: null })).toHaveLength(1);
    expect(await listStatement(server.db, scope, { callId: call.id }, { limit: 9, after: null })).toHaveLength(2);
  });

  test("are exact beyond what a number can hold", async () => {
    const scope = await aScope(server.db);
    const huge = 9_007_199_254_740_993n;
    await postEntry(server.db, scope, { actor: "x", entry: { kind: "credit", key: "huge", amount: micros(huge) } }, NOW);
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ available: huge, funding: -huge });
    expect((await listStatement(server.db, scope, {}, { limit: 1, after: null }))[0]?.postings).toContainEqual({
      account: "available",
      amount: huge,
    });
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });
});

describe("holds", () => {
  test("expire once, in every process, unless their call renews them meanwhile", async () => {
    const scope = await aFundedScope(100);
    const calls = [await aCall(server.db, scope), await aCall(server.db, scope)];
    const [live, dead] = calls.map((call) => call.id);
    if (!live || !dead) throw new Error("two calls were made");
    await postEntries(server.db, scope, [hold(live, 10, later(1_000)), hold(dead, 20, later(1_000))], NOW);
    expect(await renewHolds(server.db, { callIds: [live], expiresAt: later(9_000) })).toEqual([]);
    const expired = await Promise.all(Array.from({ length: 4 }, () => expireHolds(server.db, later(2_000))));
    expect(expired.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ available: 90n, held: 10n });
    expect(await renewHolds(server.db, { callIds: calls.map((call) => call.id), expiresAt: later(9_000) })).toEqual([dead]);
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("are renewed, charged and expired at the same time without a deadlock", async () => {
    const scope = await aFundedScope(10_000);
    const ids = (await Promise.all(Array.from({ length: 8 }, () => aCall(server.db, scope)))).map((call) => call.id);
    await postEntries(
      server.db,
      scope,
      ids.map((id) => hold(id, 100, later(1))),
      NOW,
    );
    await Promise.all(
      Array.from({ length: 60 }, async (_, round) => {
        const order = round % 2 === 0 ? ids : [...ids].reverse();
        if (round % 3 === 0) await renewHolds(server.db, { callIds: order, expiresAt: later(round) });
        else if (round % 3 === 1) {
          await postEntries(
            server.db,
            scope,
            order.map((id) => charge(`${id}:${round}`, 1, id)),
            NOW,
          );
        } else await expireHolds(server.db, later(round));
      }),
    );
    expect(await verifyLedger(server.db, scope)).toEqual([]);
    expect((await getLedger(server.db, scope)).balances.models).toBe(160n);
  });
});
