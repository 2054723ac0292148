import { type Bus, memoryBus } from "@struere/bus";
import type { AuditorGroup } from "@struere/domain";
import { callSubject, InjectMessage, ReceiptMessage } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import { type Call, listInjections, listUntakenInjections } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { injector } from "../../src/injections/injector.ts";
import { agentWith, aToolsWorld, outputOf, type ToolsWorld } from "../tools/world.ts";
import { anAudit, anAuditedCall } from "./audited-call.ts";

let database: TestDatabase;
let bus: Bus;
let world: ToolsWorld;
beforeAll(async () => {
  database = await testDatabase();
  bus = memoryBus();
  world = await aToolsWorld(database.db, { injector: injector({ bus, db: database.db, clock: systemClock() }) });
});
afterAll(() => database[Symbol.asyncDispose]());

const CORRECTION = { action: "correction", message: "Sorry, it is the fifth of May.", field: "day", value: "5 May" };

/** What the auditor's tool answers, with what differs by itself taken out. */
async function injects(call: Call, given: object, audit?: Awaited<ReturnType<typeof anAudit>>): Promise<unknown> {
  const inHand = audit ?? (await anAudit(world.db, world.scope, call.id));
  const outcome = await world.run("voice.inject", given, { agent: agentWith(["voice.inject"], { slug: "form-auditor" }), audit: inHand });
  return JSON.parse(
    JSON.stringify(outputOf(outcome))
      .replaceAll(call.id, "<call>")
      .replaceAll(/\d+-\d+\.\d+/g, "<place>"),
  );
}

/** What went over the bus for a call. */
function overheard(call: Call) {
  const sent: InjectMessage[] = [];
  const receipts: ReceiptMessage[] = [];
  bus.subscribe(callSubject({ ...world.scope, callId: call.id }, "inject"), (data) => sent.push(InjectMessage.parse(JSON.parse(data))));
  bus.subscribe(callSubject({ ...world.scope, callId: call.id }, "receipt"), (data) =>
    receipts.push(ReceiptMessage.parse(JSON.parse(data))),
  );
  return { sent, receipts };
}

const calls = async (group: AuditorGroup) => await anAuditedCall(world.db, world.scope, group);

test("a correction of the control group is in the record with its one receipt, and is not sent, now or later", async () => {
  const call = await calls("control");
  const { sent, receipts } = overheard(call);
  await injects(call, CORRECTION);
  const [injection, ...others] = await listInjections(world.db, world.scope, call.id);
  expect(others).toEqual([]);
  expect(injection).toMatchObject({ action: "correction", outcome: "refused", reason: "control_group", receipt_at: expect.any(Date) });
  expect(receipts).toMatchObject([{ injectionId: injection?.id, outcome: "refused", reason: "control_group" }]);
  const untaken = await listUntakenInjections(world.db, { now: new Date(0), limit: 500 });
  expect(untaken.filter((one) => one.call_id === call.id)).toEqual([]);
  expect(sent).toEqual([]);
});

test("complete and abort are sent in both groups", async () => {
  for (const group of ["corrected", "control"] as const) {
    const call = await calls(group);
    const { sent, receipts } = overheard(call);
    await injects(call, { action: "complete", message: "Thank you, that is all." });
    await injects(call, { action: "abort", message: "We have to end this call." });
    expect(sent.map(({ action }) => action)).toEqual(["complete", "abort"]);
    expect(receipts).toEqual([]);
  }
});

test("the auditor's tool answers the same in both groups, also when it is limited, and when it asks the same again", async () => {
  const answers = async (call: Call): Promise<unknown[]> => {
    const audit = await anAudit(world.db, world.scope, call.id);
    const given: unknown[] = [await injects(call, CORRECTION, audit)];
    for (let more = 0; more < 6; more++) given.push(await injects(call, { ...CORRECTION, message: `Sorry, once more, number ${more}.` }));
    // Redelivered: the same audit is run once more, after the correction was heard.
    if (call.auditor_group === "corrected")
      await world.db.updateTable("injections").set({ outcome: "spoken", receipt_at: new Date() }).where("call_id", "=", call.id).execute();
    given.push(await injects(call, CORRECTION, { ...audit, nextInjection: () => 1 }));
    return given;
  };
  const inControl = await answers(await calls("control"));
  expect(inControl).toEqual(await answers(await calls("corrected")));
  expect(JSON.stringify(inControl)).not.toMatch(/control|refused|withheld/);
  expect(inControl[0]).toMatchObject({ success: true, status: "queued" });
  expect(inControl[6]).toMatchObject({ error: expect.anything() });
  expect(inControl[7]).toMatchObject({ status: "spoken" });
});

test("what people say is said in the control group too, however much its auditor has asked for", async () => {
  const call = await calls("control");
  for (let count = 0; count < 6; count++) await injects(call, CORRECTION);
  const { sent } = overheard(call);
  const words = { action: "correction", message: "The shop closes at six.", field: null, value: null } as const;
  const said = await world.services.injector.inject(world.scope, {
    ...words,
    injectionId: "by-a-person",
    callId: call.id,
    source: "person",
    author: "key_1",
    auditId: null,
    basedOn: null,
  });
  expect(said).toMatchObject({ ok: true, value: { injection: { outcome: null } } });
  expect(sent).toMatchObject([{ message: words.message }]);
});
