/** NATS dies in the middle of an audited call and comes back without anything that it had stored. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServer } from "@struere/runtime/nats-server";
import { expect, test } from "vitest";
import { judge, openForm, reportsByCaller, wholeRecord } from "../soak/audited-calls.ts";
import { CLOSING, correctionOf, fateOf, GREETING, NUMBER_DESK, numberDeskMind, numberOf } from "../soak/number-desk.ts";
import { syncProject } from "../sync-project.ts";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld, cafe } from "./a-world.ts";

const SEED = 1;
const numbers = Array.from({ length: 200 }, (_, index) => numberOf(index));
const mistakenOne = (): string => numbers.find((number) => fateOf(number, SEED).mistaken && !fateOf(number, SEED).cutsIn) ?? "";

test("what an auditor has to say is said, once, although the bus lost all that it had; the record and the form are whole", async () => {
  await using parts = new AsyncDisposableStack();
  const stores: string[] = [];
  parts.defer(async () => {
    for (const store of stores) await rm(store, { recursive: true, force: true });
  });
  const empty = async (): Promise<string> => {
    const store = await mkdtemp(join(tmpdir(), "struere-wiped-nats-"));
    stores.push(store);
    return store;
  };
  let nats = await startNatsServer({ storeDir: await empty() });
  parts.defer(() => nats.stop());
  const world = parts.use(await aWorld({ mind: numberDeskMind(SEED), natsUrl: nats.url, auditors: 2 }));
  await syncProject(world.api, { ...NUMBER_DESK, agents: [cafe, ...NUMBER_DESK.agents] });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "orders" });

  const number = mistakenOne();
  const phone = "+14155550333";
  const form = await openForm(world.api, phone);
  const call = await world.twilio.phone(phone).dial(WORLD_NUMBER);
  await call.hears(GREETING);
  await call.says(`My order number is ${number}.`);
  await nats.kill("SIGKILL");
  await call.hears(/I have noted order number/);
  await nats.stop();
  nats = await startNatsServer({ storeDir: await empty(), port: nats.port });
  // Whoever says nothing for long is asked whether they are still there.
  while (!call.heard.some(({ text, complete }) => complete && text === correctionOf(number))) {
    expect(call.ending).toBeNull();
    await call.says("One moment, please.");
    await call.staysSilent(6_000);
  }
  // The auditor may complete the call while the caller is still saying it; that it was completed is asked next.
  await Promise.allSettled([call.says("Thank you, that is all.")]);
  await call.hears(CLOSING, { withinMs: 60_000 });
  await call.ended;
  const record = await wholeRecord(world.api, call.sid, world.clock);
  expect(judge(call, number, record, reportsByCaller(world.openai).get(phone) ?? [])).toEqual([]);
  const injections = record?.injections.map(({ action, outcome, reason }) => ({ action, outcome, reason }));
  const spoken = { outcome: "spoken", reason: null };
  expect(injections).toEqual([
    { action: "correction", ...spoken },
    { action: "complete", ...spoken },
  ]);
  expect((await world.api.entities.get.query({ type: "order", id: form })).data).toMatchObject({ number });
});
