import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { priceTelephony, priceTokens, unpriced } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { MODELS } from "struere";
import { describe, expect, test } from "vitest";
import { loadRateCard, readRateCard } from "../../src/billing/rate-card-file.ts";

const read = (file: unknown) => readRateCard(JSON.stringify(file));
const refusal = (work: () => unknown): string => {
  try {
    work();
    return "nothing was refused";
  } catch (thrown) {
    return Fault.from(thrown).sentence;
  }
};

test("the built-in card prices every model of the list, and telephony of North America alone", async () => {
  const card = await loadRateCard(null);
  expect(unpriced(card, { models: MODELS.map((model) => model.slug), direction: "inbound", called: "+15550100200" })).toBeUndefined();
  expect(unpriced(card, { models: [], direction: "outbound", called: "+15550100200" })).toBeUndefined();
  expect(unpriced(card, { models: [], direction: "outbound", called: "+56912345678" })?.detail).toMatch(/no telephony price for outbound/);
});

test("a card is named after what is in it: other prices are another version, the same ones the same", async () => {
  const builtin = await loadRateCard(null);
  expect(builtin.version).toMatch(/^2026-11-[0-9a-f]{8}$/);
  const marked = { label: "own", markupBps: 100 };
  expect(read(marked).version).toBe(read({ markupBps: 100, label: "own" }).version);
  expect(read(marked).version).not.toBe(read({ ...marked, markupBps: 101 }).version);
});

describe("a file of prices", () => {
  test("is laid over the built-in ones, exact to the micro", () => {
    const card = read({
      label: "acme",
      models: { "openai/gpt-6-luna": { perMillionTokens: { textIn: "0.123456" } }, own: { perMinute: "0.01" } },
      telephony: [
        { direction: "outbound", prefix: "+1", perMinute: "0.0131" },
        { direction: "outbound", prefix: "*", perMinute: "0.5" },
      ],
    });
    expect(card.models["gpt-6-luna"]).toEqual({ perMillionTokens: { textIn: 123_456 } });
    expect(card.models["gpt-realtime-2.1"]).toBeDefined();
    expect(priceTokens(card, "own", { ...NOTHING, seconds: 60 })).toMatchObject({ value: { cost: 10_000n } });
    const call = (called: string) => priceTelephony(card, { direction: "outbound", called, seconds: 60 });
    expect(call("+14155550100")).toMatchObject({ value: { cost: 13_100n } });
    expect(call("+4930123456")).toMatchObject({ value: { cost: 500_000n } });
    expect(priceTelephony(card, { direction: "inbound", called: "+14155550100", seconds: 60 })).toMatchObject({ value: { cost: 8_500n } });
  });

  test("that is wrong is refused with every place where it is, and what is legal there", () => {
    const sentence = refusal(() =>
      read({
        label: "a b",
        markupBps: -1,
        models: { own: {}, other: { perMinute: 0.01 } },
        telephony: [{ direction: "in", prefix: "0049", perMinute: "0.0000001" }],
        discount: 1,
      }),
    );
    expect(sentence).toMatch(/^RATE_CARD_FILE is not a rate card: /);
    for (const part of [
      /label: 1 to 40 letters/,
      /markupBps: /,
      /models\.own: is billed either perMillionTokens or perMinute/,
      /models\.other\.perMinute: a price is text in dollars/,
      /telephony\.0\.direction: legal: "inbound", "outbound"/,
      /telephony\.0\.prefix: legal: the beginning of an E\.164 number/,
      /telephony\.0\.perMinute: "0\.0000001" is no price/,
      /discount/,
    ]) {
      expect(sentence).toMatch(part);
    }
    expect(refusal(() => readRateCard("{"))).toBe("RATE_CARD_FILE is not JSON");
    const rate = { direction: "inbound", prefix: "+49", perMinute: "0.01" };
    expect(refusal(() => read({ label: "a", telephony: [rate, rate] }))).toMatch(/same direction and prefix twice/);
  });

  test("is read from where RATE_CARD_FILE says, or the start ends with one sentence", async () => {
    const directory = await mkdtemp(join(tmpdir(), "struere-rates-"));
    try {
      const path = join(directory, "rates.json");
      await expect(loadRateCard(path)).rejects.toThrow(/RATE_CARD_FILE is .*can not be read/);
      await writeFile(path, JSON.stringify({ label: "acme", markupBps: 500 }));
      expect(await loadRateCard(path)).toMatchObject({ markupBps: 500 });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

const NOTHING = {
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
  seconds: null,
};
