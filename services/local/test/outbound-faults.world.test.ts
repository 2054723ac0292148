/** What `npm run soak` does a thousand times, a few times: a call is placed once, whatever Twilio answers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDialling, placements } from "../soak/placements.ts";
import type { World } from "../world.ts";
import { aWorld } from "./a-world.ts";

const TRIES = 12;

let world: World;
beforeAll(async () => {
  world = await aWorld({ twilio: { keepCalls: 1_000 } });
  await openDialling(world);
});
afterAll(() => world[Symbol.asyncDispose]());

test("every intent has no conversation or one, and one end, over every way in which Twilio's REST API fails", async () => {
  const { failures, intents, conversations } = await placements(world, {
    tries: TRIES,
    parallel: TRIES,
    seed: 1,
    signal: new AbortController().signal,
  });
  expect(failures).toEqual([]);
  expect(intents).toBe(TRIES);
  expect(Object.keys(conversations).toSorted()).toEqual(["0", "1"]);
});
