/** A phone rings while others have the books: a statement that has waited too long is cut off, and what was asked is asked again. */
import { micros } from "@struere/kernel";
import { getLedger, lockBooks, postEntry, setCreditLimit, verifyLedger } from "@struere/store";
import { until } from "@struere/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
afterAll(() => edge[Symbol.asyncDispose]());

/** When each transaction began that waits for the books to admit a call. */
async function waiting(): Promise<readonly string[]> {
  const { rows } = await sql<{ began: string }>`
    select xact_start::text as began from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%read_admission%' and pid <> pg_backend_pid()
  `.execute(edge.db);
  return rows.map(({ began }) => began);
}

test("a call whose books were locked for longer than a statement may take is answered when they are free: one call, reserved for once", async () => {
  const now = new Date();
  await setCreditLimit(edge.db, edge.scope, { creditLimit: micros(0), currency: "USD", now });
  const credit = { kind: "credit", key: "first", amount: micros(10_000_000) } as const;
  await postEntry(edge.db, edge.scope, { actor: "test", entry: credit }, now);
  const params = edge.form();
  const { promise: free, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: locked, resolve: hasLocked } = Promise.withResolvers<void>();
  const holding = edge.db.transaction().execute(async (tx) => {
    await lockBooks(tx, edge.scope, now);
    hasLocked();
    await free;
  });
  await locked;
  const answer = edge.post("/twilio/voice", params);
  const first = await until(async () => (await waiting())[0], { what: "a call that waits for the books" });
  await until(async () => (await waiting()).some((began) => began !== first), { what: "the same call, asking again" });
  expect(await edge.callOf(params.CallSid)).toBeUndefined();
  letGo();
  await holding;

  const { status, text } = await answer;
  expect([status, tokenIn(text)]).toEqual([200, expect.stringMatching(/./)]);
  const calls = await edge.db.selectFrom("calls").selectAll().where("twilio_call_sid", "=", params.CallSid).execute();
  expect(calls).toMatchObject([{ status: "pending", reason: null }]);
  const holds = await edge.db.selectFrom("credit_holds").selectAll().execute();
  expect(holds).toMatchObject([{ id: calls[0]?.id, state: "open" }]);
  const { balances } = await getLedger(edge.db, edge.scope);
  expect(balances.held).toBe(BigInt(holds[0]?.remaining_micros ?? 0));
  expect(balances.available + balances.held).toBe(10_000_000n);
  expect(await verifyLedger(edge.db, edge.scope)).toEqual([]);
});
