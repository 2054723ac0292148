import { micros } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Account,
  type Booked,
  correction,
  estimateAnswer,
  estimateResponse,
  inFlight,
  NEW_BALANCES,
  type RecordedSign,
  unseenUtteranceMs,
} from "../src/index.ts";

const booked = (amounts: { readonly [Name in Account]?: number }): Booked => ({
  ...NEW_BALANCES,
  ...Object.fromEntries(Object.entries(amounts).map(([account, amount]) => [account, micros(amount)])),
});
const actual = (vendorCost: number, cardCost = vendorCost, markup = 0) =>
  ({ account: "models", vendorCost: micros(vendorCost), cardCost: micros(cardCost), markup: micros(markup) }) as const;
const lines = (postings: ReturnType<typeof correction>): string => postings.map(({ account, amount }) => `${account} ${amount}`).join(", ");

describe("a correction", () => {
  test.for([
    ["of what is right is none", { held: -10, models: 10 }, actual(10), ""],
    ["moves an estimate to the vendor", { available: -11, unobserved: 10, markup: 1 }, actual(10, 10, 1), "models 10, unobserved -10"],
    [
      "gives back what was too much, with its markup",
      { available: -22, unobserved: 20, markup: 2 },
      actual(10, 10, 1),
      "models 10, unobserved -20, available 11, markup -1",
    ],
    ["leaves the platform what was too little", { available: -5, unobserved: 5 }, actual(9), "models 9, unobserved -5, recovery -4"],
    ["replaces what the platform paid by estimate", { recovery: -7, unobserved: 7 }, actual(9), "models 9, unobserved -7, recovery -2"],
    ["takes back an estimate of nothing", { recovery: -7, unobserved: 7 }, actual(0), "unobserved -7, recovery 7"],
    ["leaves the platform another price than the card's", { available: -10, models: 10 }, actual(12, 10), "models 2, recovery -2"],
  ] as const)("%s", ([, before, after, expected]) => {
    expect(lines(correction(booked(before), after))).toBe(expected);
  });

  test("sums to zero, brings the vendor what it bills, costs the organization no more than before, and needs no second", () => {
    const amount = fc.integer({ min: 0, max: 1_000 });
    const before = fc
      .record({ models: amount, unobserved: amount, markup: amount, paid: fc.integer({ min: 0, max: 3_000 }) })
      .map(({ models, unobserved, markup, paid }) =>
        booked({ models, unobserved, markup, available: -paid, recovery: paid - models - unobserved - markup }),
      );
    fc.assert(
      fc.property(before, amount, amount, amount, (was, vendorCost, cardCost, markup) => {
        const truth = actual(vendorCost, cardCost, markup);
        const postings = correction(was, truth);
        expect(postings.reduce((sum, posting) => sum + posting.amount, 0n)).toBe(0n);
        const now = { ...was };
        for (const posting of postings) now[posting.account] = micros(now[posting.account] + posting.amount);
        expect([now.models, now.unobserved]).toEqual([truth.vendorCost, 0n]);
        expect(now.available >= was.available).toBe(true);
        expect(lines(correction(now, truth))).toBe("");
      }),
    );
  });
});

describe("a response that nobody reported", () => {
  /** What the record has: `asked`; `usage` of a response; `hello…` and `…hello`: the caller begins to say so, and has said it. */
  const recorded = (story: string): readonly RecordedSign[] =>
    story
      .split(" ")
      .filter((word) => word !== "")
      .map((word, index) => {
        const seq = index + 1;
        if (word.endsWith("…")) return { seq, name: "caller.speaking", itemId: word.slice(0, -1) };
        if (word.startsWith("…")) return { seq, name: "caller.silent", itemId: word.slice(1) };
        return { seq, name: word === "asked" ? "response.asked" : "usage", itemId: null };
      });

  test.each([
    ["", "nothing", "the model was not asked for anything"],
    ["asked", "response", "the greeting"],
    ["asked usage", "nothing", "the greeting is over"],
    ["asked usage asked", "response", "the agent asks whether somebody is there"],
    ["asked hello…", "response", "the greeting, into which somebody speaks"],
    ["asked usage hello…", "unheard", "the news that the caller stopped, and is answered, may have been on its way"],
    ["asked usage hello… …hello", "response", "the vendor answers by itself"],
    ["asked usage hello… …hello usage", "nothing", "it has answered"],
    ["asked hello… usage", "unheard", "what was reported is the greeting, which the caller cut off"],
    ["asked hello… usage …hello", "response", "the answer to that"],
    ["asked hello… usage …hello usage", "nothing", "it has answered"],
    ["hello… …hello usage asked usage asked", "response", "what a tool has found is to be said"],
    ["hello… …hello asked usage", "nothing", "the vendor had not answered, so we asked"],
    ["asked hello… …hello usage", "unheard", "what was reported was asked for earlier; the answer may have begun just then"],
    ["asked hello… …hello usage usage", "nothing", "it has answered"],
    ["hello… …hello wait… …wait usage", "unheard", "the first was answered, and the second may be"],
    ["hello… hello?… …hello? usage", "nothing", "the end of the first utterance was lost long ago"],
  ])("%s: %s, %s", (story, expected) => {
    expect(inFlight(recorded(story))).toBe(expected);
    expect(inFlight(recorded(story).toReversed())).toBe(expected);
  });

  test("an utterance that was not seen to end is as long as it can have been, and no longer than people speak", () => {
    expect([-20, 0, 1_700, 3_600_000].map(unseenUtteranceMs)).toEqual([0, 0, 1_700, 10_000]);
  });

  test("is taken to read what the last one read, cached, and what it said, and to say as much as they do", () => {
    const used = (text: number, out: number) => ({
      inputTextTokens: text,
      inputAudioTokens: 10,
      cachedTextTokens: 0,
      cachedAudioTokens: 0,
      outputTextTokens: 4,
      outputAudioTokens: out,
      seconds: null,
    });
    const read = { inputTextTokens: 124, cachedTextTokens: 120, inputAudioTokens: 70, cachedAudioTokens: 10 };
    expect(estimateResponse("response", [used(100, 40), used(120, 60)], 400)).toMatchObject({ ...read, outputAudioTokens: 50 });
    expect(estimateResponse("response", [], 400)).toMatchObject({ inputTextTokens: 100, outputAudioTokens: 100 });
    expect(estimateResponse("unheard", [used(100, 40), used(120, 60)], 400)).toMatchObject({
      ...read,
      outputTextTokens: 0,
      outputAudioTokens: 0,
    });
  });

  test("an answer in text is estimated by what was asked, and is as long, and as much cached, as such answers are", () => {
    const earlier = { meanOutputTokens: 37, cachedShare: 0.5 };
    expect(estimateAnswer(401, earlier)).toMatchObject({ inputTextTokens: 101, cachedTextTokens: 50, outputTextTokens: 37 });
    expect(estimateAnswer(401, null)).toMatchObject({ cachedTextTokens: 0, outputTextTokens: 100 });
  });
});
