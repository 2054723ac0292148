/** Runs of tools that nobody ends: their process was killed, and the call or conversation that wanted them never came back. */
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { beginToolRun, endToolRun, getToolRun } from "@struere/store";
import { testDatabase } from "@struere/testkit";
import { expect, test } from "vitest";
import { controlEvents } from "../../src/events.ts";
import { startSweeper } from "../../src/sweeper.ts";
import { aToolsWorld, nextKey } from "./world.ts";

test("a run whose process died, and for which nobody asks again, is unknown a minute after its deadline", async () => {
  await using database = await testDatabase();
  const { db } = database;
  const { scope, threadId } = await aToolsWorld(db);
  const deadlineAt = new Date();
  const run = { threadId, callId: null, agentSlug: "intake", name: "book_table", argumentsJson: "{}", now: deadlineAt, deadlineAt };
  const [died, ended, late] = [nextKey(), nextKey(), nextKey()];
  for (const idempotencyKey of [died, ended]) await beginToolRun(db, scope, { ...run, idempotencyKey });
  await endToolRun(db, scope, { idempotencyKey: ended, outcome: { outputJson: "{}", isError: false }, now: deadlineAt });
  await beginToolRun(db, scope, { ...run, idempotencyKey: late, deadlineAt: new Date(deadlineAt.getTime() + 10_000) });

  const sweptAt = async (ms: number) => {
    const clock = { ...systemClock(), wall: () => deadlineAt.getTime() + ms };
    const events = controlEvents({ log: silentLog, metrics: createMetrics() });
    const sweeper = startSweeper({ db, clock, log: silentLog, events, legs: { drop: () => undefined } });
    await sweeper.sweep();
    await sweeper.close();
    return await Promise.all([died, ended, late].map((idempotencyKey) => getToolRun(db, scope, { ...run, idempotencyKey })));
  };
  expect(await sweptAt(59_000)).toMatchObject([{ state: "running" }, { state: "done" }, { state: "running" }]);
  const unknown = { outputJson: expect.stringContaining("unknown_outcome"), isError: true };
  expect(await sweptAt(61_000)).toMatchObject([
    { state: "done", outcome: unknown },
    { state: "done", outcome: { outputJson: "{}", isError: false } },
    { state: "running" },
  ]);
  const noted = await db.selectFrom("audit_log").select(["action", "subject", "organization_id"]).execute();
  expect(noted).toContainEqual({ action: "tool_run.swept", subject: died, organization_id: scope.organizationId });

  // Should the process come to life again, it learns what stands.
  const back = await endToolRun(db, scope, { idempotencyKey: died, outcome: { outputJson: "done", isError: false }, now: deadlineAt });
  expect(back).toMatchObject({ written: false, outcome: unknown });
});
