/** Does the auditor earn its money? Calls of both groups, their record, and the figures that an owner sees. */
import { scriptedMind } from "@struere/simulators";
import { until } from "@struere/testkit";
import type { AgentInput, EntityTypeInput, RouterInput } from "struere";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditedBy, formAuditor } from "../minds/form-auditor.ts";
import { syncProject } from "../sync-project.ts";
import { type CallRecord, type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, cafe } from "./a-world.ts";

const HELLO = "Bright Telecom, what is your order number?";
const CORRECTION = "Sorry, your order number is 4711.";
const CLOSING = "Your order is complete.";
const AT_ONCE = 4;
/** Chance would have to put every one of so many into the same group. */
const CALLS_MAX = 24;

const auditor = formAuditor({
  entityType: "order",
  fields: [{ name: "number", stated: /my order number is (\d+)/i, readBack: /order number (?:is )?(\d+)/i }],
  correction: (_field, right) => `Sorry, your order number is ${right}.`,
  closing: CLOSING,
  isMine: (data, { call }) => data["phone"] === call.callerNumber,
});
const voice = scriptedMind({
  greeting: HELLO,
  lines: [{ when: /my order number is/i, say: "I have noted order number 4117." }],
  otherwise: "Thank you for your patience.",
});

let world: World;
beforeAll(async () => {
  world = await aWorld({ mind: auditedBy(auditor, voice) });
  const { api } = world;
  const agents: readonly AgentInput[] = [
    { name: "Intake", slug: "intake", systemPrompt: "You ask for the order number.", tools: [] },
    { name: "Auditor", slug: "form-auditor", systemPrompt: "You audit.", tools: ["entity.query", "entity.update", "voice.inject"] },
  ];
  const router: RouterInput = {
    name: "Phone",
    slug: "phone",
    mode: "rules",
    agents: [{ slug: "intake" }],
    rules: [{ conditions: [{ field: "channel", operator: "eq", value: "voice" }], route: "intake" }],
    fallback: "intake",
    voiceConfig: { auditorAgent: "form-auditor", auditorSample: 0.5, pollInterval: 3_000 },
  };
  const properties = { number: { type: "string" }, phone: { type: "string" } } as const;
  const order: EntityTypeInput = { name: "Order", slug: "order", schema: { type: "object", properties, required: ["number"] } };
  await syncProject(api, { agents: [cafe, ...agents], routers: [router], entityTypes: [order] });
  await api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "phone" });
});
afterAll(() => world[Symbol.asyncDispose]());

let callers = 0;

/** Says its number, hears another, and is put right, or is not. */
async function aCallWithAMistake(): Promise<CallRecord & { readonly agentSaid: readonly string[] }> {
  const phone = `+141555501${String(++callers).padStart(2, "0")}`;
  await world.api.entities.create.mutate({ type: "order", data: { number: "", phone } });
  const call = await world.twilio.phone(phone).dial(WORLD_NUMBER);
  await call.hears(HELLO);
  await call.says("My order number is 4711.");
  await call.hears("I have noted order number 4117.");
  const { items } = await world.api.calls.list.query({ limit: 100 });
  const id = items.find((one) => one.callSid === call.sid)?.id ?? "";
  const record = await world.api.calls.get.query({ id });
  if (record.setup?.auditor?.group === "corrected") {
    await call.hears(CORRECTION);
    await call.says("Yes, that is right.");
    await call.hears(CLOSING, { withinMs: 60_000 });
    await call.ended;
  } else {
    await until(async () => (await world.api.calls.injections.query({ id })).length > 0, {
      what: "the withheld correction",
      withinMs: 30_000,
    });
    await call.says("Fine, goodbye.");
    await call.hears("Thank you for your patience.");
    await call.hangUp();
  }
  return { ...(await world.recordOf(call.sid)), agentSaid: call.heard.map(({ text }) => text) };
}

test("corrections are said in one group and withheld in the other, which differ in nothing else, and the figures say so", {
  timeout: 120_000,
}, async () => {
  const records: Awaited<ReturnType<typeof aCallWithAMistake>>[] = [];
  const of = (group: string) => records.filter(({ setup }) => setup?.auditor?.group === group);
  while ((of("corrected").length === 0 || of("control").length === 0) && records.length < CALLS_MAX)
    records.push(...(await Promise.all(Array.from({ length: AT_ONCE }, aCallWithAMistake))));

  for (const { agentSaid, injections } of of("corrected")) {
    expect(agentSaid.filter((text) => text === CORRECTION)).toHaveLength(1);
    expect(injections.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(["correction spoken", "complete spoken"]);
  }
  for (const { agentSaid, injections } of of("control")) {
    expect(agentSaid).not.toContain(CORRECTION);
    expect(injections).toMatchObject([
      { action: "correction", message: CORRECTION, outcome: "refused", reason: "control_group", takenAt: null },
    ]);
  }
  // The auditor never reads in which group it is: not in its reports, not in its tools' answers.
  const audited = world.openai.texts.map(({ body }) => JSON.stringify(body["input"]));
  expect(audited.some((text) => text.includes("spoken"))).toBe(true);
  for (const text of audited) expect(text).not.toMatch(/control_group|withheld|refused/);

  const router = await until(
    async () => {
      const { routers } = await world.api.calls.stats.query({ router: "phone" });
      return routers.find(({ groups }) => groups.corrected.formsPending + groups.control.formsPending === 0);
    },
    { what: "the forms to be looked at", withinMs: 30_000 },
  );
  const { corrected, control } = router.groups;
  const counts = { corrected: of("corrected").length, control: of("control").length };
  expect(corrected).toMatchObject({
    calls: counts.corrected,
    corrections: { asked: counts.corrected, spoken: counts.corrected, withheld: 0 },
    replies: { confirmed: counts.corrected, contradicted: 0, unclear: 0 },
    // The caller's number is in the form in both groups; only in one did the auditor see that all was settled.
    formsComplete: { count: counts.corrected, of: counts.corrected },
    ended: { complete: { count: counts.corrected } },
  });
  expect(control).toMatchObject({
    calls: counts.control,
    corrections: { asked: counts.control, spoken: 0, withheld: counts.control },
    correctionMs: null,
    formsComplete: { count: counts.control, of: counts.control },
    ended: { complete: { count: 0 } },
  });
  expect(router.comparison).toMatchObject({ ...counts, formsComplete: { difference: 0 }, endedComplete: { difference: 1 } });
  expect(router.comparison.warnings.join()).toMatch(/has only/);
  for (const { auditor: used } of [corrected, control]) {
    expect(used.tokensPerCall).toBeGreaterThan(0);
    expect(used.cost).toMatchObject({ currency: "USD", amount: expect.stringMatching(/^0\.0\d+$/) });
  }

  // Between the end of the wrong words and the beginning of the right ones, as the record has them: a wrong word would be seconds away.
  const gaps = of("corrected").map(({ utterances }) => {
    const [wrong, right] = ["4117.", CORRECTION].map((words) => utterances.find(({ text }) => text.endsWith(words)));
    return (right?.startedMs ?? Number.NaN) - (wrong?.endedMs ?? Number.NaN);
  });
  const measured = corrected.correctionMs?.atLeast.p50 ?? Number.NaN;
  expect(Math.min(...gaps.map((gap) => Math.abs(gap - measured)))).toBeLessThan(1_500);
  expect(corrected.correctionMs?.atLeast.count).toBe(counts.corrected);
});
