/** A small sibling of `npm run soak`'s cuts, which also kills the control plane, and does it a thousand times. */
import { pause, systemClock } from "@struere/runtime";
import { type CutProxy, cutProxy } from "@struere/simulators";
import { testDatabase, until } from "@struere/testkit";
import { expect, test } from "vitest";
import { callerOf } from "../soak/calls.ts";
import { brokenPromises, effectsOf } from "../soak/effects.ts";
import { ORDER_DESK, orderCall, orderDesk, orderMind } from "../soak/order-desk.ts";
import { startOrderServer } from "../soak/order-server.ts";
import { createWitness } from "../soak/witness.ts";
import { syncProject } from "../sync-project.ts";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld } from "./a-world.ts";

const CALLS = 12;
const TOOL_MS = 400;
const AWAY_MS = 300;

test("a tool whose result is cut off, at the model's socket or between the planes, has its effect once", async () => {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await testDatabase());
  const witness = createWitness(systemClock({ scale: 4 }));
  const losesModel = (caller: string): boolean => Number(caller.slice(-2)) % 3 === 0;
  let grpc: CutProxy | undefined;
  let cutting: Promise<void> | undefined;
  const server = parts.use(
    await startOrderServer({
      answerAfterMs: () => TOOL_MS,
      onRequest: (order) => {
        if (losesModel(order)) return witness.cutModel(world.openai, order);
        // All of them wait for their results by now, or soon: the connections go with the answers that were on the way.
        cutting ??= cutConnections();
      },
    }),
  );
  const cutConnections = async (): Promise<void> => {
    await pause(systemClock(), TOOL_MS / 2);
    grpc?.cut();
    await pause(systemClock(), AWAY_MS);
    grpc?.mend();
  };
  const world = parts.use(
    await aWorld({
      databaseUrl: database.url,
      mind: orderMind(witness.toolCalled),
      control: { allowLoopbackTools: true },
      async toControl(address) {
        grpc = parts.use(await cutProxy(`tcp://${address}`));
        return new URL(grpc.url).host;
      },
    }),
  );
  await syncProject(world.api, orderDesk(server.url));
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, agent: ORDER_DESK });

  const callers = Array.from({ length: CALLS }, (_, index) => callerOf(index));
  const sids = await Promise.all(
    callers.map(async (caller) => {
      const call = await world.twilio.phone(caller).dial(WORLD_NUMBER);
      await orderCall(call);
      return call.sid;
    }),
  );
  for (const sid of sids) await world.recordOf(sid);

  // A tool goes on when its call is over.
  const effects = await until(
    async () => {
      const seen = await effectsOf(database.db, server.requests);
      return seen.every(({ order, delivery }) => order.told !== "running" && delivery.told !== "running") && seen;
    },
    { what: "the end of all tools" },
  );
  expect(brokenPromises(effects, () => false)).toEqual([]);
  const once = { called: 1, done: 1, requests: 1, told: "done" };
  for (const { caller, reason, order, delivery } of effects) {
    expect(order, caller).toEqual(once);
    if (!losesModel(caller)) expect(delivery, caller).toEqual(once);
    // Where the connections were away at its end as well, the call ends as one whose node is.
    expect(losesModel(caller) ? ["model_lost", "node_lost"] : ["agent_hung_up"], caller).toContain(reason);
  }
  expect(effects).toHaveLength(CALLS);
  expect(witness.struckBy()["model socket"]).toBe(CALLS / 3);
  expect(cutting).toBeDefined();
});
