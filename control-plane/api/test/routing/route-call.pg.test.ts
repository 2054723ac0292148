/** Who has a call after what its caller said, and what that choice costs. */
import { memoryBus } from "@struere/bus";
import { micros } from "@struere/kernel";
import { silentLog, systemClock } from "@struere/runtime";
import { scriptedMind } from "@struere/simulators";
import {
  getLedger,
  keepRateCard,
  listAudit,
  listStatement,
  postEntry,
  setAgent,
  setCreditLimit,
  setRouter,
  verifyLedger,
} from "@struere/store";
import { testDatabase } from "@struere/testkit";
import { expect, test } from "vitest";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { callRouter } from "../../src/routing/route-call.ts";
import { aBiller } from "../billing/books.ts";
import { aClaimedCall, NOW } from "../fixture.ts";
import { aTextWorld } from "../text/world.ts";

test("the choice is not asked of the model without credit, and the call stays where it is; with credit it is paid out of a reserve of its own", async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using at = await aTextWorld({ db, mind: scriptedMind([{ when: () => true, answer: { agent: "intake" } }]) });
  const { scope } = at.tenant;
  const slugs = ["intake", "support"];
  const definition = {
    ...{ slug: "front", name: "Front", mode: "classify", fallback: "intake", classifyModel: { model: "gpt-6.1-terra" } },
    agents: slugs.map((slug) => ({ slug, description: slug })),
  };
  const { router } = await setRouter(db, scope, { slug: "front", name: "Front", definition, now: NOW });
  const pinned = slugs.map(async (slug) => {
    const agent = { slug, name: slug, systemPrompt: `You are ${slug}.`, tools: [] };
    const { id, version } = (await setAgent(db, scope, { slug, name: slug, description: null, definition: agent, now: NOW })).agent;
    return { slug, agentId: id, version };
  });
  const call = {
    ...(await aClaimedCall(db, scope)),
    ...{ router_id: router.id, router_version: router.version, pinned_agents: await Promise.all(pinned) },
  };
  const profileOf = () => Promise.reject(new Error("it stays with whom it was"));
  const routing = callRouter({ db, clock: systemClock(), log: silentLog, text: at.text, voice: { profileOf } });
  const choose = () => routing.routeCall(call, { utterances: [{ speaker: "caller", text: "I want tea." }], currentAgent: "intake" });

  await setCreditLimit(db, scope, { creditLimit: micros(0), currency: "USD", now: NOW });
  expect(await choose()).toEqual({ agent: null, by: null });
  expect(at.vendor.texts).toHaveLength(0);
  expect(await listAudit(db, scope, 9)).toMatchObject([{ action: "chat.refused", actor: "agent front", subject: call.thread_id }]);

  const credit = { kind: "credit", key: "first", amount: micros(1_000_000) } as const;
  await postEntry(db, scope, { entry: credit, actor: "test" }, NOW);
  expect(await choose()).toEqual({ agent: null, by: null });
  expect(at.vendor.texts).toHaveLength(1);
  expect((await getLedger(db, scope)).balances.held).toBeGreaterThan(0n);
  await keepRateCard(db, builtinRateCard(), NOW);
  const biller = aBiller({ db, bus: memoryBus(), rateCard: builtinRateCard() });
  for (const _again of [1, 2]) await biller.round();
  await biller.close();
  const [hold] = await db.selectFrom("credit_holds").selectAll().where("organization_id", "=", scope.organizationId).execute();
  const charges = await listStatement(db, scope, { kinds: ["charge"] }, { limit: 9, after: null });
  expect(charges).toMatchObject([{ source: "route", call_id: call.id, hold_id: hold?.id }]);
  expect((await getLedger(db, scope)).balances).toMatchObject({ held: 0n, available: 1_000_000n - (charges[0]?.amount ?? 0n) });
  expect(await verifyLedger(db, scope)).toEqual([]);
});
