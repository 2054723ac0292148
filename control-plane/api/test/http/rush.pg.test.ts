/** Many phones that ring at once. */
import type { NodeId } from "@struere/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
afterAll(() => edge[Symbol.asyncDispose]());

async function ringAtOnce(count: number): Promise<void> {
  const answers = await Promise.all(Array.from({ length: count }, () => edge.post("/twilio/voice", edge.form())));
  expect(answers.filter(({ text }) => tokenIn(text) === "")).toEqual([]);
}

async function callsOn(nodeId: NodeId): Promise<number> {
  const calls = await edge.db.selectFrom("calls").select("id").where("node_id", "=", nodeId).execute();
  return calls.length;
}

test("a hundred calls between two heartbeats are spread over the nodes by their free places, and none is filled beyond its capacity", async () => {
  await edge.db.updateTable("nodes").set({ draining: true }).execute();
  const small = await edge.aNode(70);
  await ringAtOnce(30);
  const large = await edge.aNode(100);
  await ringAtOnce(100);
  const [onLarge, onSmall] = [await callsOn(large), (await callsOn(small)) - 30];
  // 71 and 29 are their shares; it is drawn, and so may be off by some.
  expect(onLarge + onSmall).toBe(100);
  expect(onSmall).toBeGreaterThan(9);
  expect(onSmall).toBeLessThanOrEqual(40);
  expect(onLarge).toBeLessThanOrEqual(100);
});
