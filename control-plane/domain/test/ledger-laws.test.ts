/**
 * The laws of the books, over random stories of calls. An oracle that knows nothing of holds says what must come out: credit that was given,
 * less what each distinct use costs on paper. And since laws that can not be broken prove nothing, mistakes are planted, and found.
 */
import { type Micros, micros } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Books,
  booksProblems,
  type Entry,
  NEW_BALANCES,
  post,
  type PricedUse,
  priceTokens,
  type RateCard,
  renewHold,
  roundHalfUp,
  type TokensUsed,
} from "../src/index.ts";

const RATES = {
  textIn: 600_000,
  textCachedIn: 60_000,
  textOut: 2_400_000,
  audioIn: 10_000_000,
  audioCachedIn: 300_000,
  audioOut: 20_000_000,
};
const CARD: RateCard = { version: "laws", currency: "USD", markupBps: 1_500, models: { mini: { perMillionTokens: RATES } }, telephony: [] };

/** What is put to the test. */
interface House {
  readonly post: typeof post;
  readonly price: (used: TokensUsed) => PricedUse;
}

const OURS: House = {
  post,
  price(used) {
    const priced = priceTokens(CARD, "mini", used);
    if (!priced.ok) throw new Error(priced.problem.detail);
    return priced.value;
  },
};

type Step =
  | { readonly do: "credit"; readonly amount: number }
  | { readonly do: "hold"; readonly call: number; readonly amount: number; readonly minutes: number }
  | { readonly do: "use"; readonly call: number; readonly used: TokensUsed }
  /** Something that was used before is reported again. */
  | { readonly do: "again"; readonly which: number }
  | { readonly do: "renew"; readonly call: number; readonly minutes: number }
  | { readonly do: "release"; readonly call: number }
  | { readonly do: "wait"; readonly minutes: number };

const call = fc.integer({ min: 1, max: 3 });
const minutes = fc.integer({ min: 1, max: 5 });
const used = fc
  .record({
    cachedText: fc.nat(900),
    text: fc.nat(900),
    cachedAudio: fc.nat(900),
    audio: fc.nat(900),
    textOut: fc.nat(99),
    audioOut: fc.nat(99),
  })
  .map(({ cachedText, text, cachedAudio, audio, textOut, audioOut }) => ({
    inputTextTokens: cachedText + text,
    cachedTextTokens: cachedText,
    inputAudioTokens: cachedAudio + audio,
    cachedAudioTokens: cachedAudio,
    outputTextTokens: textOut,
    outputAudioTokens: audioOut,
    seconds: null,
  }));
const story: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("credit" as const), amount: fc.integer({ min: 1, max: 50_000 }) }),
    fc.record({ do: fc.constant("hold" as const), call, amount: fc.integer({ min: 1, max: 20_000 }), minutes }),
    fc.record({ do: fc.constant("use" as const), call, used }),
    fc.record({ do: fc.constant("again" as const), which: fc.nat(20) }),
    fc.record({ do: fc.constant("renew" as const), call, minutes }),
    fc.record({ do: fc.constant("release" as const), call }),
    fc.record({ do: fc.constant("wait" as const), minutes }),
  ),
  { maxLength: 25 },
);

/** On paper: long division for each kind of token, the remainder looked at. */
function onPaper(used: TokensUsed): bigint {
  const quantities: readonly (readonly [number, number])[] = [
    [used.inputTextTokens - used.cachedTextTokens, RATES.textIn],
    [used.cachedTextTokens, RATES.textCachedIn],
    [used.outputTextTokens, RATES.textOut],
    [used.inputAudioTokens - used.cachedAudioTokens, RATES.audioIn],
    [used.cachedAudioTokens, RATES.audioCachedIn],
    [used.outputAudioTokens, RATES.audioOut],
  ];
  let cost = 0n;
  for (const [quantity, rate] of quantities) {
    const pico = BigInt(quantity) * BigInt(rate);
    cost += pico / 1_000_000n + (pico % 1_000_000n >= 500_000n ? 1n : 0n);
  }
  return cost;
}

/** Acts a story out. @returns the first law that is broken; undefined: all hold after every step and at the end. */
function brokenLaw(house: House, steps: readonly Step[]): string | undefined {
  let books: Books = { currency: "USD", creditLimit: null, balances: NEW_BALANCES, holds: new Map(), posted: new Map() };
  let now = 0;
  let number = 0;
  let [given, cost, markup] = [0n, 0n, 0n];
  const charges: Entry[] = [];
  const act = (entry: Entry): void => {
    const posted = house.post(books, entry);
    if (!posted.ok) return;
    books = posted.value.books;
  };
  for (const step of [...steps, ...[1, 2, 3].map((one): Step => ({ do: "release", call: one }))]) {
    number += 1;
    switch (step.do) {
      case "credit":
        act({ kind: "credit", key: `credit${number}`, amount: micros(step.amount) });
        given += BigInt(step.amount);
        break;
      case "hold":
        act({ kind: "hold", key: `hold${number}`, holdId: `call${step.call}`, amount: micros(step.amount), expiresAt: now + step.minutes });
        break;
      case "use": {
        const priced = house.price(step.used);
        const charge = { kind: "charge", key: `use${number}`, holdId: `call${step.call}`, to: "models", payer: "organization" } as const;
        charges.push({ ...charge, cost: priced.cost, markup: priced.markup });
        act({ ...charge, cost: priced.cost, markup: priced.markup });
        const paper = onPaper(step.used);
        cost += paper;
        markup += (paper * 1_500n + 5_000n) / 10_000n;
        break;
      }
      case "again": {
        const before = charges[step.which % Math.max(1, charges.length)];
        if (before) act(before);
        break;
      }
      case "renew": {
        const id = `call${step.call}`;
        const renewed = renewHold(books.holds.get(id), now + step.minutes);
        if (renewed) books = { ...books, holds: new Map(books.holds).set(id, renewed) };
        break;
      }
      case "release":
        act({ kind: "release", holdId: `call${step.call}` });
        break;
      case "wait":
        now += step.minutes;
        for (const holdId of books.holds.keys()) act({ kind: "expire", holdId, at: now });
        break;
    }
    const [problem] = booksProblems(books);
    if (problem !== undefined) return problem;
    const { available, held, models } = books.balances;
    if (models !== cost) return `the vendor is owed ${cost}, and the books say ${models}`;
    if (books.balances.markup !== markup) return `the markup is ${markup}, and the books say ${books.balances.markup}`;
    if (available + held !== given - cost - markup) return `${given} was given and ${cost + markup} used; ${available + held} are left`;
  }
  return books.balances.held === 0n ? undefined : `all calls are over, and ${books.balances.held} are still held`;
}

/** @returns the broken law of the smallest story that breaks one. */
function search(house: House, runs: number): string | undefined {
  const found = fc.check(
    fc.property(story, (steps) => brokenLaw(house, steps) === undefined),
    { numRuns: runs, seed: 6 },
  );
  const [smallest] = found.counterexample ?? [];
  return smallest && brokenLaw(house, smallest);
}

test("no story of calls breaks a law: what is given is used or left, what is used is charged once, and no hold outlives its call", () => {
  expect(search(OURS, 3_000)).toBeUndefined();
});

describe("a mistake that is planted is found:", () => {
  const planted: { readonly [mistake: string]: readonly [House, RegExp] } = {
    "a charge that is posted again when it is reported again": [
      { ...OURS, post: (books, entry) => post(entry.kind === "charge" ? { ...books, posted: new Map() } : books, entry) },
      /the vendor is owed \d+, and the books say \d+/,
    ],
    "a hold that expires without giving its credit back": [
      {
        ...OURS,
        post(books, entry) {
          const posted = post(books, entry);
          if (entry.kind !== "expire" || !posted.ok) return posted;
          return { ok: true, value: { ...posted.value, books: { ...posted.value.books, balances: books.balances } } };
        },
      },
      /held is 0\.\d+, and open holds have 0\.00 left/,
    ],
    "a hold that is forgotten when its call is over": [
      {
        ...OURS,
        post: (books, entry) => (entry.kind === "release" ? { ok: true, value: { books, transaction: null } } : post(books, entry)),
      },
      /all calls are over, and \d+ are still held/,
    ],
    "a hold that keeps what was captured out of it": [
      {
        ...OURS,
        post(books, entry) {
          const posted = post(books, entry);
          if (entry.kind !== "charge" || !posted.ok) return posted;
          return { ok: true, value: { ...posted.value, books: { ...posted.value.books, holds: books.holds } } };
        },
      },
      /held is 0\.\d+, and open holds have 0\.\d+ left/,
    ],
    "rounding down": [{ ...OURS, price: (use) => priced(use, (n, d) => micros(n / d)) }, /owed \d+, and the books say \d+/],
    "rounding up": [{ ...OURS, price: (use) => priced(use, (n, d) => micros((n + d - 1n) / d)) }, /owed \d+, and the books say \d+/],
    "rounding halves to even": [{ ...OURS, price: (use) => priced(use, halfToEven) }, /owed \d+, and the books say \d+/],
    "rounding the sum instead of each line": [{ ...OURS, price: roundedAtTheEnd }, /owed \d+, and the books say \d+/],
  };

  test.for(Object.entries(planted))("%s", ([, [house, law]]) => {
    expect(search(house, 3_000)).toMatch(law);
  });
});

/** The prices of the card with another rounding. */
function priced(used: TokensUsed, round: (numerator: bigint, denominator: bigint) => Micros): PricedUse {
  const ours = OURS.price(used);
  const lines = ours.lines.map((line) => ({ ...line, cost: round(BigInt(line.quantity) * BigInt(line.rate), 1_000_000n) }));
  return withCost({ ...ours, lines }, micros(lines.reduce((sum, line) => sum + line.cost, 0n)));
}

function roundedAtTheEnd(used: TokensUsed): PricedUse {
  const ours = OURS.price(used);
  return withCost(
    ours,
    roundHalfUp(
      ours.lines.reduce((sum, line) => sum + BigInt(line.quantity) * BigInt(line.rate), 0n),
      1_000_000n,
    ),
  );
}

const withCost = (use: PricedUse, cost: Micros): PricedUse => ({ ...use, cost, markup: roundHalfUp(cost * 1_500n, 10_000n) });

function halfToEven(numerator: bigint, denominator: bigint): Micros {
  const whole = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return micros(twice > denominator || (twice === denominator && whole % 2n === 1n) ? whole + 1n : whole);
}
