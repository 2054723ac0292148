/**
 * The small sibling of `npm run soak -- --kills 500`: a handful of calls, and every part of the system is killed once, at moments that the seed
 * decides. Whatever that does to the calls, the books are what the vendors bill.
 */
import { expect, test } from "vitest";
import { KILL_KINDS } from "../soak/kill-system.ts";
import { kills } from "../soak/kills.ts";

/** While the calls go on; a node when some of them have got somewhere. */
const PACE = {
  Postgres: [500, 2_500],
  NATS: [500, 2_500],
  "control plane": [500, 1_500],
  biller: [100, 500],
  auditor: [500, 2_000],
  "media node": [1_800, 2_800],
} as const;

/** A call that is placed while the one who places it is killed is given up after a minute: that is for the soak. */
const KINDS = ["talk", "audited", "talk", "hang-up"] as const;

test("every part is killed once, and nothing is lost, and nothing is charged twice", async ({ signal }) => {
  const stories: string[] = [];
  const found = await kills({
    ...{ calls: 8, parallel: 8, kinds: KINDS, longestMs: 4_500, seed: 1, pace: PACE, each: 1, signal },
    onBroken: async (_system, about) => void stories.push(...Object.entries(about).flatMap(([callId, lines]) => [callId, ...lines])),
  });
  const { kills: killed, calls, failures, books } = found;
  expect(killed).toEqual(Object.fromEntries(KILL_KINDS.map((kind) => [kind, 1])));
  expect(calls).toBe(8);
  expect([...failures, ...books.lost, ...books.twice, ...books.unsound], stories.join("\n")).toEqual([]);
  const { response = 0, telephony = 0 } = books.exact;
  expect(response).toBeGreaterThan(0);
  expect(telephony + books.estimated.filter(({ kind }) => kind === "telephony").length).toBe(8);
  // What nobody lived to report is estimated at the platform's expense: what the vendors bill and the books have differs by no more than that.
  const error = books.estimated.reduce((sum, { estimate, billed }) => sum + estimate - billed, 0n);
  expect(books.booked - books.invoiced).toBe(error);
});
