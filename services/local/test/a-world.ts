/** Worlds for tests: on a database of their own, with a clock that makes calls run several times faster than life, and waits for a busy machine. */
import { elasticClock } from "@struere/runtime";
import { type Mind, scriptedMind } from "@struere/simulators";
import { testDatabase } from "@struere/testkit";
import type { AgentInput } from "struere";
import { createWorld, type World, type WorldOptions } from "../world.ts";

const SPEED = 8;

export async function aWorld(options: Omit<WorldOptions, "databaseUrl"> & { readonly databaseUrl?: string } = {}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const databaseUrl = options.databaseUrl ?? parts.use(await testDatabase()).url;
  const clock = options.clock ?? parts.use(elasticClock({ scale: SPEED }));
  const world = parts.use(await createWorld({ mind: cafeMind, ...options, clock, databaseUrl }));
  await world.answeredBy(cafe);
  const owned = parts.move();
  return {
    ...world,
    get nodes() {
      return world.nodes;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const cafe: AgentInput = { name: "Café", slug: "cafe", systemPrompt: "You answer the phone of a café.", tools: ["call.end"] };

export const GREETING = "Café Central, good morning.";
export const LONG =
  "We have coffee, tea, hot chocolate, lemonade, orange juice, water with and without bubbles, and on Sundays a very good breakfast.";

export const cafeMind: Mind = scriptedMind({
  greeting: GREETING,
  lines: [
    { when: /drinks/i, say: LONG },
    { when: /tea/i, say: "A cup of tea. Anything else?" },
    { when: /bye/i, say: "Goodbye, see you soon.", call: { name: "call.end" } },
  ],
  otherwise: "Pardon?",
});

export const CALLER = "+14155550111";
