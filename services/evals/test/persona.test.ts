import { EvalPersona } from "struere";
import { expect, test } from "vitest";
import { simulatedPersona } from "../src/caller/simulated-persona.ts";

const ada = EvalPersona.parse({
  description: "Ada",
  opening: "Hello.",
  facts: { name: "Ada", "phone number": "+14155550111" },
  maxTurns: 8,
});

test("a persona without a model answers what it is asked for, puts right what is wrong, and ends", async () => {
  const persona = simulatedPersona(ada, 7);
  const next = async (...heard: string[]): Promise<unknown> => await persona.next(heard);
  expect(await next()).toEqual({ say: "Hello." });
  expect(await next("What is your name?")).toMatchObject({ say: expect.stringContaining("Ada") });
  expect(await next("Thank you. What is your phone number?")).toMatchObject({ say: expect.stringContaining("+14155550111") });
  expect(await next("Could you say that again?")).toMatchObject({ say: expect.stringContaining("+14155550111") });
  expect(await next("I have: name Eda. Is that right?")).toEqual({ say: "No, my name is Ada." });
  expect(await next("I have: name Ada. Is that right?")).toEqual({ say: "Yes, that is right." });
  expect(await next("What else can I do for you?")).toEqual({ say: "No, thank you. Goodbye." });
  expect(await next("Goodbye.")).toBe("hang up");
});

test("with the same seed it says the same, with another one it may not", async () => {
  const told = async (seed: number): Promise<unknown> => {
    const persona = simulatedPersona(ada, seed);
    await persona.next([]);
    return await persona.next(["What is your name?"]);
  };
  expect(await told(3)).toEqual(await told(3));
  const all = await Promise.all(Array.from({ length: 20 }, (_, seed) => told(seed)));
  expect(new Set(all.map((one) => JSON.stringify(one))).size).toBeGreaterThan(1);
});
