/** Credit for calls on a real Postgres: who may begin, who may go on, and what is told to whom. */
import { type CallPrice, callReserve, HOLD_EXPIRES_MS, windowStart } from "@struere/domain";
import { type ApiKeyId, type CallId, micros } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admitCall,
  type Db,
  getAllowance,
  getLedger,
  inTransaction,
  listWatchedScopes,
  newCallIds,
  newId,
  openDatabase,
  postEntries,
  readRoom,
  postEntry,
  recordTransfer,
  renewLeases,
  type Scope,
  setAllowance,
  setCreditLimit,
  setDiallingPolicy,
  verifyLedger,
  watchCredit,
} from "../src/index.ts";
import { aCall, aScope, later, NOW, useDatabase } from "./database.ts";

const server = useDatabase();

/** 100 a second, and nothing else: the first reserve is 12,501, of which 2,000 are for the end and 4,500 for the wrap-up. */
const PRICE: CallPrice = { second: micros(100), minute: micros(0), response: micros(0) };
const FULL = 12_501;

async function aPrepaidScope(credit: number): Promise<Scope> {
  const scope = await aScope(server.db);
  await setCreditLimit(server.db, scope, { creditLimit: micros(0), currency: "USD", now: NOW });
  if (credit > 0) {
    await postEntry(server.db, scope, { actor: "test", entry: { kind: "credit", key: "first", amount: micros(credit) } }, NOW);
  }
  return scope;
}

interface Attempt {
  readonly keyId?: ApiKeyId;
  readonly dialled?: string;
  readonly now?: Date;
}

/** As whoever answers or dials does it: the call is written down in the transaction in which it was admitted. */
async function begin(db: Db, scope: Scope, { keyId, dialled, now = NOW }: Attempt = {}): Promise<string> {
  return await inTransaction(db, async (tx) => {
    const ids = newCallIds();
    const asked = { callId: ids.callId, keyId: keyId ?? null, dialled: dialled ?? null, price: PRICE, now };
    const admitted = await admitCall(tx, scope, asked);
    if (!admitted.ok) return admitted.problem.reason;
    await aCall(tx, scope, {
      ...ids,
      now,
      ...(keyId === undefined ? {} : { keyId }),
      ...(dialled === undefined ? {} : { direction: "outbound", to: dialled }),
    });
    return "begun";
  });
}

function count(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

describe("of calls that begin at once", () => {
  test("as many are taken as there is credit for, on however many control planes", async () => {
    const scope = await aPrepaidScope(20 * FULL + FULL - 1);
    await using parts = new AsyncDisposableStack();
    const planes = [1, 2, 3].map(() => {
      const db = openDatabase({ url: server.url, poolMax: 8, statementTimeoutMs: 10_000 });
      parts.defer(() => db.destroy());
      return db;
    });
    const outcomes = await Promise.all(Array.from({ length: 90 }, async (_, index) => await begin(planes[index % 3] ?? server.db, scope)));
    expect(count(outcomes)).toEqual({ begun: 20, insufficient_credit: 70 });
    const { balances } = await getLedger(server.db, scope);
    expect(balances).toMatchObject({ held: BigInt(20 * FULL), available: BigInt(FULL - 1) });
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("as many are taken as the tightest cap has room for, and nobody else's calls are counted", async () => {
    const scope = await aScope(server.db);
    const other = await aScope(server.db);
    const caps = { hour: micros(100 * FULL), day: micros(5 * FULL), month: null };
    for (const each of [scope, other]) await setAllowance(server.db, each, { keyId: null, change: caps, now: NOW });
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => await begin(server.db, index % 2 === 0 ? scope : other)),
    );
    expect(count(outcomes)).toEqual({ begun: 10, spend_cap: 14 });
  });

  test("a key has as many at a time as it may, and its pace; the other key is not held up", async () => {
    const scope = await aScope(server.db);
    await setDiallingPolicy(server.db, scope, { callsPerSecond: 1_000 }, NOW);
    const [limited, free] = [newId("key"), newId("key")];
    await setAllowance(server.db, scope, { keyId: limited, change: { maxConcurrent: 3 }, now: NOW });
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => await begin(server.db, scope, { keyId: limited, dialled: "+14155550111" })),
    );
    expect(count(outcomes)).toEqual({ begun: 3, too_many_calls: 5 });
    expect(await begin(server.db, scope, { keyId: free, dialled: "+14155550111" })).toBe("begun");

    const [quiet, paced] = [await aScope(server.db), newId("key")];
    await setDiallingPolicy(server.db, quiet, { callsPerSecond: 1_000 }, NOW);
    await setAllowance(server.db, quiet, { keyId: paced, change: { callsPerSecond: 0.5 }, now: NOW });
    const turns: string[] = [];
    for (let attempt = 0; attempt < 8; attempt++) turns.push(await begin(server.db, quiet, { keyId: paced, dialled: "+14155550112" }));
    expect(count(turns)).toEqual({ begun: 6, too_fast: 2 });
  });

  test("as many at a time as the owner has set for the environment, in both directions", async () => {
    const scope = await aScope(server.db);
    await setDiallingPolicy(server.db, scope, { maxConcurrent: 4, callsPerSecond: 1_000 }, NOW);
    const outcomes = await Promise.all(
      Array.from(
        { length: 10 },
        async (_, index) => await begin(server.db, scope, index % 2 === 0 ? {} : { dialled: `+1415555013${index}` }),
      ),
    );
    expect(count(outcomes)).toEqual({ begun: 4, too_many_calls: 6 });
  });

  test("to one number as many as may be placed within a day", async () => {
    const scope = await aScope(server.db);
    await setAllowance(server.db, scope, { keyId: null, change: { callsPerNumber: 2 }, now: NOW });
    await setDiallingPolicy(server.db, scope, { callsPerSecond: 1_000 }, NOW);
    const dial = async (dialled: string, now: Date): Promise<string> => await begin(server.db, scope, { dialled, now });
    expect([
      await dial("+14155550121", NOW),
      await dial("+14155550121", later(60_000)),
      await dial("+14155550121", later(120_000)),
    ]).toEqual(["begun", "begun", "too_many_calls_to_number"]);
    expect(await dial("+14155550122", later(120_000))).toBe("begun");
    expect(await dial("+14155550121", later(86_400_001))).toBe("begun");
    expect(await begin(server.db, scope)).toBe("begun");
  });
});

test("an environment without credit and caps reserves nothing, and is not asked twice", async () => {
  const scope = await aScope(server.db);
  const limitsCalls = async (of: Scope) => (await readRoom(server.db, of)).limitsCalls;
  expect(await limitsCalls(scope)).toBe(false);
  expect(await begin(server.db, scope)).toBe("begun");
  expect((await getLedger(server.db, scope)).balances.held).toBe(0n);
  expect(await limitsCalls(await aPrepaidScope(1))).toBe(true);
  // Of a key, whose calls do not come in.
  await setAllowance(server.db, scope, { keyId: newId("key"), change: { hour: micros(1) }, now: NOW });
  expect(await limitsCalls(scope)).toBe(false);
  for (const change of [{ day: micros(1) }, { maxConcurrent: 1 }, { callsPerNumber: 1 }]) {
    const limited = await aScope(server.db);
    await setAllowance(server.db, limited, { keyId: null, change, now: NOW });
    expect(await limitsCalls(limited)).toBe(true);
  }
});

describe("what was spent", () => {
  const charge = (key: string, cost: number, callId?: CallId) => ({
    actor: "biller",
    entry: {
      kind: "charge",
      key,
      holdId: callId ?? null,
      to: "models",
      cost: micros(cost),
      markup: micros(1),
      payer: "organization",
    } as const,
    ...(callId === undefined ? {} : { callId }),
  });

  test("is counted once, with its markup, for the environment and for the key of the call, in the window in which it was posted", async () => {
    const scope = await aScope(server.db);
    const keyId = newId("key");
    const ids = newCallIds();
    await aCall(server.db, scope, { ...ids, keyId });
    const post = async (now: Date, ...entries: readonly ReturnType<typeof charge>[]) => await postEntries(server.db, scope, entries, now);
    await post(NOW, charge("a", 9, ids.callId), charge("b", 19));
    await post(NOW, charge("a", 9, ids.callId));
    const nextHour = new Date(windowStart("hour", NOW.getTime()) + 3_600_000);
    await post(nextHour, charge("c", 99, ids.callId));
    // A control plane whose clock is behind.
    await post(NOW, charge("d", 999, ids.callId));
    const spent = async (of: ApiKeyId | null) => {
      const { hour, day, month } = (await getAllowance(server.db, scope, of)).spent;
      return [hour.startsAt - nextHour.getTime(), hour.amount, day.amount, month.amount];
    };
    expect(await spent(null)).toEqual([0, 1_100n, 1_130n, 1_130n]);
    expect(await spent(keyId)).toEqual([0, 1_100n, 1_110n, 1_110n]);
  });

  test("is not what the platform pays, what is reserved, or what is given", async () => {
    const scope = await aScope(server.db);
    await postEntries(
      server.db,
      scope,
      [
        { actor: "test", entry: { kind: "credit", key: "first", amount: micros(1_000) } },
        { actor: "test", entry: { kind: "hold", key: "h", holdId: "h", amount: micros(100), expiresAt: later(1_000).getTime() } },
        {
          actor: "test",
          entry: { kind: "charge", key: "ours", holdId: null, to: "models", cost: micros(7), markup: micros(0), payer: "platform" },
        },
      ],
      NOW,
    );
    expect((await getAllowance(server.db, scope, null)).spent.hour.amount).toBe(0n);
  });
});

/** A call that is going on, and what is charged to it. */
async function aRunningCall(scope: Scope, { keyId }: { readonly keyId?: ApiKeyId } = {}) {
  const ids = newCallIds();
  const nodeId = newId("node");
  await inTransaction(server.db, async (tx) => {
    const asked = { callId: ids.callId, keyId: keyId ?? null, dialled: null, price: PRICE, now: NOW };
    const admitted = await admitCall(tx, scope, asked);
    if (!admitted.ok) throw new Error(admitted.problem.sentence);
    await aCall(tx, scope, { ...ids, ...(keyId === undefined ? {} : { keyId }) });
  });
  await server.db
    .updateTable("calls")
    .set({ status: "active", epoch: 1, node_id: nodeId, answered_at: NOW })
    .where("id", "=", ids.callId)
    .execute();
  let charges = 0;
  return {
    id: ids.callId,
    async uses(cost: number): Promise<void> {
      const entry = {
        kind: "charge",
        key: `${ids.callId} ${++charges}`,
        holdId: ids.callId,
        to: "models",
        cost: micros(cost),
        markup: micros(0),
        payer: "organization",
      } as const;
      const [posted] = await postEntries(server.db, scope, [{ actor: "biller", entry, callId: ids.callId, source: "telephony" }], NOW);
      expect(posted?.ok).toBe(true);
    },
    /** As its node hears it. */
    async advice(): Promise<string | null> {
      const leases = [{ callId: ids.callId, epoch: 1, framesIn: 1 }];
      const { advice } = await renewLeases(server.db, { nodeId, leases, now: NOW });
      return advice.map(({ action, reason }) => `${action} ${reason}`).join() || null;
    },
    /** Its caller talks to a person from now on: the agent is gone. */
    async isTransferred(now: Date): Promise<void> {
      await recordTransfer(server.db, scope, { callId: ids.callId, toNumber: "+15550100300", now });
      await server.db
        .updateTable("calls")
        .set({ status: "completed", reason: "transferred", ended_at: now })
        .where("id", "=", ids.callId)
        .execute();
    },
    async ends(): Promise<void> {
      await server.db.updateTable("calls").set({ status: "completed", ended_at: NOW }).where("id", "=", ids.callId).execute();
      await postEntries(server.db, scope, [{ actor: "biller", entry: { kind: "release", holdId: ids.callId } }], NOW);
    },
  };
}

const LEG_MINUTE = micros(4_000);
const watch = async (scope: Scope, now = NOW) => {
  const advised = await watchCredit(server.db, scope, { priceOf: async () => ({ ...PRICE, legMinute: LEG_MINUTE }), now });
  return advised.map(({ callId, advice, transferred, isNew }) => ({
    callId,
    advice,
    ...(transferred ? { transferred } : {}),
    ...(isNew ? {} : { isNew }),
  }));
};

describe("a running call", () => {
  test("has its hold filled up as long as there is credit; then it is told to wrap up, and then to end, again and again", async () => {
    const scope = await aPrepaidScope(FULL + 8_000);
    const call = await aRunningCall(scope);
    expect(await listWatchedScopes(server.db)).toContainEqual(scope);
    await call.uses(5_000);
    expect([await watch(scope), await call.advice()]).toEqual([[], null]);
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ held: BigInt(FULL), available: 3_000n });
    await call.uses(7_000);
    expect(await watch(scope)).toEqual([]);
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ held: BigInt(FULL - 4_000), available: 0n });
    await call.uses(3_000);
    expect(await watch(scope)).toEqual([{ callId: call.id, advice: { action: "wrap_up", reason: "credit_low" } }]);
    expect([await watch(scope), await call.advice(), await call.advice()]).toEqual([[], "wrap_up credit_low", "wrap_up credit_low"]);
    await call.uses(4_000);
    expect(await watch(scope)).toEqual([{ callId: call.id, advice: { action: "end_call", reason: "credit_exhausted" } }]);
    expect([await watch(scope), await call.advice(), await call.advice()]).toEqual([
      [],
      "end_call credit_exhausted",
      "end_call credit_exhausted",
    ]);
    await call.uses(2_000);
    expect((await getLedger(server.db, scope)).balances).toMatchObject({ held: 0n, available: -499n });
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("that was transferred keeps reserved what both its legs cost, minute by minute, and is to be cut when there is no more", async () => {
    // The leg is 4,000 a minute: those that were begun are reserved, one more that begins while it is cut, and up to two in advance.
    const scope = await aPrepaidScope(24_001);
    const call = await aRunningCall(scope);
    await call.isTransferred(later(1_000));
    const held = async () => (await getLedger(server.db, scope)).balances.held;
    expect(await listWatchedScopes(server.db)).toContainEqual(scope);
    expect([await watch(scope, later(10_000)), await held()]).toEqual([[], BigInt(FULL)]);
    expect([await watch(scope, later(200_000)), await held()]).toEqual([[], 24_001n]);
    // Its lease is gone, and yet its credit is not given back.
    const hold = server.db.selectFrom("credit_holds").select(["state", "expires_at"]).where("id", "=", call.id);
    expect(await hold.executeTakeFirst()).toEqual({ state: "open", expires_at: later(200_000 + HOLD_EXPIRES_MS) });
    expect(await watch(scope, later(299_000))).toEqual([]);
    const cut = { callId: call.id, advice: { action: "end_call", reason: "credit_exhausted" }, transferred: true };
    expect(await watch(scope, later(302_000))).toEqual([cut]);
    // As long as it goes on all the same.
    expect(await watch(scope, later(304_000))).toEqual([{ ...cut, isNew: false }]);
    await server.db
      .updateTable("calls")
      .set({ carrier_ended_at: later(305_000) })
      .where("id", "=", call.id)
      .execute();
    expect(await listWatchedScopes(server.db)).not.toContainEqual(scope);
    expect(await verifyLedger(server.db, scope)).toEqual([]);
  });

  test("that gets credit again while it wraps up is told so no more; one that was told to end is", async () => {
    const scope = await aPrepaidScope(2 * FULL);
    const [wrapping, ending] = [await aRunningCall(scope), await aRunningCall(scope)];
    await wrapping.uses(7_000);
    await ending.uses(11_000);
    await watch(scope);
    expect([await wrapping.advice(), await ending.advice()]).toEqual(["wrap_up credit_low", "end_call credit_exhausted"]);
    await postEntry(server.db, scope, { actor: "test", entry: { kind: "credit", key: "more", amount: micros(100_000) } }, NOW);
    await watch(scope);
    expect([await wrapping.advice(), await ending.advice()]).toEqual([null, "end_call credit_exhausted"]);
  });

  test("ends when the cap of its key is reached, while another key's goes on", async () => {
    const scope = await aScope(server.db);
    const [capped, roomy] = [newId("key"), newId("key")];
    await setAllowance(server.db, scope, { keyId: capped, change: { hour: micros(FULL + 1_000) }, now: NOW });
    await setAllowance(server.db, scope, { keyId: roomy, change: { hour: micros(10 * FULL) }, now: NOW });
    const [one, other] = [await aRunningCall(scope, { keyId: capped }), await aRunningCall(scope, { keyId: roomy })];
    for (const call of [one, other]) await call.uses(9_000);
    await watch(scope);
    expect([await one.advice(), await other.advice()]).toEqual(["wrap_up spend_cap_near", null]);
    await one.uses(3_000);
    await watch(scope);
    expect(await one.advice()).toBe("end_call spend_cap");
  });

  test("whose hold expired while everything was away has its credit reserved again", async () => {
    const scope = await aPrepaidScope(3 * FULL);
    const call = await aRunningCall(scope);
    await postEntries(
      server.db,
      scope,
      [{ actor: "sweep", entry: { kind: "expire", holdId: call.id, at: later(3_600_000).getTime() } }],
      NOW,
    );
    expect((await getLedger(server.db, scope)).balances.held).toBe(0n);
    await watch(scope);
    expect((await getLedger(server.db, scope)).balances.held).toBe(BigInt(FULL));
    expect(await call.advice()).toBeNull();
  });

  test("of many, whatever they use: held credit was there, and who is told to end has no more than the end left", async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ what: fc.constant("uses" as const), of: fc.nat(5), amount: fc.integer({ min: 1, max: 6_000 }) }),
      },
      { weight: 3, arbitrary: fc.record({ what: fc.constant("watch" as const) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant("ends" as const), of: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant("begins" as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3 * FULL, max: 8 * FULL }), fc.array(step, { maxLength: 25 }), async (credit, steps) => {
        const scope = await aPrepaidScope(credit);
        const calls = [await aRunningCall(scope), await aRunningCall(scope), await aRunningCall(scope)];
        const { end } = callReserve(PRICE, 0);
        for (const each of steps) {
          const call = "of" in each ? calls[each.of] : undefined;
          const before = await getLedger(server.db, scope);
          if (each.what === "uses") await call?.uses(each.amount);
          if (each.what === "ends") await call?.ends();
          if (each.what === "begins")
            await aRunningCall(scope).then(
              (begun) => calls.push(begun),
              () => undefined,
            );
          if (each.what === "watch") {
            for (const { callId, advice } of await watch(scope)) {
              const hold = await server.db
                .selectFrom("credit_holds")
                .select("remaining_micros")
                .where("id", "=", callId)
                .executeTakeFirstOrThrow();
              if (advice.action === "end_call") expect(micros(hold.remaining_micros) < end).toBe(true);
            }
          }
          const { balances } = await getLedger(server.db, scope);
          // Reserving never takes what is not there; only use can.
          if (each.what !== "uses") expect(balances.available >= 0n || balances.available >= before.balances.available).toBe(true);
          expect(await verifyLedger(server.db, scope)).toEqual([]);
        }
      }),
      { numRuns: 12 },
    );
  });
});
