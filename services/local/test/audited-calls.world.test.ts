/** The small sibling of `npm run soak -- --audits`: callers whom the agent understands wrong, and a model that refuses and forgets requests. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { caller, figuresOf, judge, openForm, reportsByCaller, wholeRecord } from "../soak/audited-calls.ts";
import { fateOf, NUMBER_DESK, numberDeskMind, numberOf, REQUEST_FAULTS } from "../soak/number-desk.ts";
import { syncProject } from "../sync-project.ts";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, cafe } from "./a-world.ts";

const SEED = 1;
/** Some of these are mistaken, and some cut in. */
const CALLS = [0, 1, 2, 3, 4, 5].map((index) => ({ number: numberOf(index), phone: `+1415555020${index}` }));

let world: World;
beforeAll(async () => {
  world = await aWorld({ mind: numberDeskMind(SEED), openai: { faults: REQUEST_FAULTS }, auditors: 2 });
  await syncProject(world.api, { ...NUMBER_DESK, agents: [cafe, ...NUMBER_DESK.agents] });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "orders" });
});
afterAll(() => world[Symbol.asyncDispose]());

test("each injection has one receipt, nothing is said twice or lost, and no audit reads what nobody heard", async () => {
  expect(CALLS.some(({ number }) => fateOf(number, SEED).mistaken)).toBe(true);
  expect(CALLS.some(({ number }) => fateOf(number, SEED).cutsIn)).toBe(true);
  const calls = await Promise.all(
    CALLS.map(async ({ number, phone }) => {
      const form = await openForm(world.api, phone);
      const call = await world.twilio.phone(phone).dial(WORLD_NUMBER);
      await caller(number, SEED)(call);
      const record = await wholeRecord(world.api, call.sid, world.clock);
      const { data } = await world.api.entities.get.query({ type: "order", id: form });
      return { call, number, phone, record, filled: data["number"] };
    }),
  );
  const reports = reportsByCaller(world.openai);
  const judged = calls.map((one) => ({ ...one, broken: judge(one.call, one.number, one.record, reports.get(one.phone) ?? []) }));
  const figures = figuresOf(judged, SEED, calls.filter(({ number, filled }) => filled === number).length);
  expect(figures).toMatchObject({ failures: [], falseCorrections: 0, formsRight: CALLS.length, corrected: figures.mistakes });
  expect(reports.size).toBe(CALLS.length);
});
