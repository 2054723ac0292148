import { micros } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type PricedUse,
  priceMediaStream,
  priceTelephony,
  priceTokens,
  type RateCard,
  roundHalfUp,
  type TokensUsed,
  unpriced,
} from "../src/index.ts";

const CARD: RateCard = {
  version: "2026-11-test",
  currency: "USD",
  markupBps: 0,
  models: {
    mini: {
      perMillionTokens: {
        textIn: 600_000,
        textCachedIn: 60_000,
        textOut: 2_400_000,
        audioIn: 10_000_000,
        audioCachedIn: 300_000,
        audioOut: 20_000_000,
      },
    },
    text: { perMillionTokens: { textIn: 1_000_000, textCachedIn: 50_000, textOut: 5_000_000 } },
    transcribe: { perMinute: 4_500 },
  },
  telephony: [
    { direction: "inbound", prefix: "+1", perMinute: 8_500 },
    { direction: "outbound", prefix: "+1", perMinute: 14_000 },
    { direction: "outbound", prefix: "+1900", perMinute: 900_000 },
  ],
};

const NOTHING: TokensUsed = {
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
  seconds: null,
};

/** A line for each item, as on an invoice. */
function invoice(model: string, used: Partial<TokensUsed>, card = CARD): string {
  const use = priceTokens(card, model, { ...NOTHING, ...used });
  return use.ok ? page(use.value) : use.problem.reason;
}

function page({ lines, cost, markup, converted }: PricedUse): string {
  const items = lines.map((line) => `${line.item} ${line.quantity} at ${line.rate}: ${line.cost}`);
  return [...items, `${cost}${markup > 0n ? ` + ${markup}` : ""}${converted ? ", converted" : ""}`].join("\n");
}

describe("what a vendor bills beside it", () => {
  test("writing to its cache has its own price where the vendor has one, and is input like any other where not", () => {
    const used = { inputTextTokens: 3_000, cachedTextTokens: 1_000, cacheWriteTokens: 500 };
    const luna = { perMillionTokens: { textIn: 100_000, textCachedIn: 10_000, textCacheWrite: 125_000, textOut: 500_000 } };
    expect(invoice("luna", used, { ...CARD, models: { luna } })).toBe(
      "text_in 1500 at 100000: 150\ntext_cached_in 1000 at 10000: 10\ntext_cache_write 500 at 125000: 63\n223",
    );
    expect(invoice("text", used)).toBe("text_in 2000 at 1000000: 2000\ntext_cached_in 1000 at 50000: 50\n2050");
  });

  test("a media stream by started minutes, and nothing where it has no price", () => {
    const streamed = (seconds: number, mediaStreamPerMinute?: number) => page(priceMediaStream({ ...CARD, mediaStreamPerMinute }, seconds));
    expect(streamed(61, 4_000)).toBe("stream_minutes 2 at 4000: 8000\n8000");
    expect([streamed(0, 4_000), streamed(61)]).toEqual(["0", "0"]);
  });
});

describe("a response is billed by modality", () => {
  test("cached tokens at their own price, and not a second time as input", () => {
    const used = {
      inputTextTokens: 1_000,
      cachedTextTokens: 900,
      inputAudioTokens: 2_000,
      cachedAudioTokens: 1_500,
      outputTextTokens: 50,
      outputAudioTokens: 200,
    };
    expect(invoice("mini", used)).toMatchInlineSnapshot(`
      "text_in 100 at 600000: 60
      text_cached_in 900 at 60000: 54
      text_out 50 at 2400000: 120
      audio_in 500 at 10000000: 5000
      audio_cached_in 1500 at 300000: 450
      audio_out 200 at 20000000: 4000
      9684"
    `);
  });

  test("with the markup on top of what it costs", () => {
    expect(invoice("text", { inputTextTokens: 333, outputTextTokens: 7 }, { ...CARD, markupBps: 1_250 })).toMatchInlineSnapshot(`
      "text_in 333 at 1000000: 333
      text_out 7 at 5000000: 35
      368 + 46"
    `);
  });

  test("by the second where the vendor counts time, to the micro", () => {
    expect(invoice("transcribe", { seconds: 2.34 })).toMatchInlineSnapshot(`
      "audio_time 2340000 at 4500: 176
      176"
    `);
    expect(invoice("transcribe", { seconds: 0 })).toBe("0");
  });

  test("what the vendor counted in another unit is converted, and says so", () => {
    expect(invoice("transcribe", { inputAudioTokens: 30 })).toMatch(/^audio_time 3000000 .*\n225, converted$/);
    expect(invoice("mini", { seconds: 3.01 })).toMatch(/^audio_in 31 .*\n310, converted$/);
  });

  test("what has no price is an error that says what to do, and never free", () => {
    expect(invoice("unheard-of", { outputTextTokens: 1 })).toBe("price_unknown");
    expect(invoice("constructor", { outputTextTokens: 1 })).toBe("price_unknown");
    expect(invoice("text", { inputAudioTokens: 1 })).toBe("price_unknown");
    const problem = priceTokens(CARD, "unheard-of", NOTHING);
    expect(!problem.ok && problem.problem.detail).toBe(
      "the rate card 2026-11-test has no price for the model unheard-of; priced are mini, text, transcribe. Use one of these, or: " +
        "add the price to the file that RATE_CARD_FILE names, and restart the control plane",
    );
  });
});

describe("a call is billed by the minute", () => {
  const minutes = (seconds: number, called = "+14155550100", direction: "inbound" | "outbound" = "outbound"): string => {
    const use = priceTelephony(CARD, { direction, called, seconds });
    return use.ok ? page(use.value) : use.problem.detail;
  };

  test("each one that was begun, and none for a call that was not answered", () => {
    expect([0, 1, 60, 61, 3_600].map((seconds) => minutes(seconds).split("\n").at(-1))).toEqual(["0", "14000", "14000", "28000", "840000"]);
  });

  test("at the price of its direction and of the longest prefix", () => {
    expect(minutes(60, "+14155550100", "inbound")).toMatch(/8500$/);
    expect(minutes(60, "+19005550100")).toMatch(/900000$/);
  });

  test("a destination without a price is an error before the call, and the number is not told in full", () => {
    const detail = minutes(60, "+4930123456");
    expect(detail).toMatch(/no telephony price for outbound calls to \+493…; it has \+1, \+1900/);
    const all = { models: ["mini", "transcribe"], direction: "outbound", called: "+4930123456" } as const;
    expect(unpriced(CARD, all)).toMatchObject({ reason: "price_unknown", detail });
    expect(unpriced(CARD, { ...all, called: "+14155550100" })).toBeUndefined();
    expect(unpriced(CARD, { models: ["mini", "other"] })?.detail).toContain("model other");
  });
});

describe("rounding", () => {
  const tokens = fc.nat(200_000);
  const used = fc
    .record({
      text: tokens,
      audio: tokens,
      cachedText: fc.double({ min: 0, max: 1, noNaN: true }),
      cachedAudio: fc.double({ min: 0, max: 1, noNaN: true }),
      textOut: tokens,
      audioOut: tokens,
    })
    .map(({ text, audio, cachedText, cachedAudio, textOut, audioOut }) => ({
      ...NOTHING,
      inputTextTokens: text,
      cachedTextTokens: Math.floor(text * cachedText),
      inputAudioTokens: audio,
      cachedAudioTokens: Math.floor(audio * cachedAudio),
      outputTextTokens: textOut,
      outputAudioTokens: audioOut,
    }));

  test("is half up, to the nearest micro", () => {
    expect([0n, 4n, 5n, 9n, 10n, 14n, 15n].map((tenths) => roundHalfUp(tenths, 10n))).toEqual([0n, 0n, 1n, 1n, 1n, 1n, 2n]);
  });

  test("n lines are never more than n halves of a micro from the exact sum, and their order does not matter", () => {
    fc.assert(
      fc.property(fc.array(used, { minLength: 1, maxLength: 30 }), (uses) => {
        const priced = uses.map((use) => {
          const answer = priceTokens(CARD, "mini", use);
          if (!answer.ok) throw new Error(answer.problem.detail);
          return answer.value;
        });
        const lines = priced.flatMap((use) => use.lines);
        const cost = priced.reduce((sum, use) => sum + use.cost, 0n);
        // In millionths of a micro, without any rounding.
        const exact = lines.reduce((sum, line) => sum + BigInt(line.quantity) * BigInt(line.rate), 0n);
        const difference = cost * 1_000_000n - exact;
        expect(difference <= BigInt(lines.length) * 500_000n && -difference <= BigInt(lines.length) * 500_000n).toBe(true);
        const backwards = [...uses].reverse().map((use) => priceTokens(CARD, "mini", use));
        expect(backwards.reduce((sum, use) => sum + (use.ok ? use.value.cost : 0n), 0n)).toBe(cost);
        for (const use of priced) expect(use.cost).toBe(micros(use.lines.reduce((sum, line) => sum + line.cost, 0n)));
      }),
    );
  });
});
