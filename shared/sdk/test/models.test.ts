import {
  DEFAULT_REALTIME_MODEL,
  DEFAULT_TEXT_MODEL,
  DEFAULT_TRANSCRIPTION_MODEL,
  modelInfo,
  modelInUse,
  MODELS,
  modelSlugs,
} from "struere";
import { expect, test } from "vitest";

test("every slug is listed once, and every successor is listed, of the same kind", () => {
  expect(new Set(MODELS.map((info) => info.slug)).size).toBe(MODELS.length);
  for (const { kind, successor } of MODELS) {
    if (successor !== null) expect(modelInfo(successor)?.kind).toBe(kind);
  }
});

test("every model has a price by which it can be billed, in whole micro-dollars", () => {
  for (const { prices } of MODELS) {
    const all = [...Object.values(prices.perMillionTokens ?? {}), ...(prices.perMinute === undefined ? [] : [prices.perMinute])];
    expect(all.length).toBeGreaterThan(0);
    for (const price of all) expect(Number.isInteger(price) && price > 0).toBe(true);
  }
});

test("the defaults lead their lists and have no shutdown announced", () => {
  expect([modelSlugs("realtime")[0], modelSlugs("text")[0], modelSlugs("transcription")[0]]).toEqual([
    DEFAULT_REALTIME_MODEL,
    DEFAULT_TEXT_MODEL,
    DEFAULT_TRANSCRIPTION_MODEL,
  ]);
  for (const slug of [DEFAULT_REALTIME_MODEL, DEFAULT_TEXT_MODEL, DEFAULT_TRANSCRIPTION_MODEL])
    expect(modelInfo(slug)?.shutdown).toBeNull();
});

test("the vendor's prefix makes no difference", () => {
  expect(modelInfo("openai/gpt-5-mini")).toBe(modelInfo("gpt-5-mini"));
  expect(modelInfo("openai/gpt-5-mini")?.prices.perMillionTokens).toEqual({ textIn: 250_000, textCachedIn: 25_000, textOut: 2_000_000 });
});

test.each([
  ["2026-10-11", "gpt-5-mini", undefined],
  ["2026-10-12", "gpt-5-mini", "in 60 days"],
  ["2026-12-10", "gpt-5-mini", "in 1 day:"],
  ["2026-12-11", "gpt-6.1-terra", "was shut down on 2026-12-11"],
  ["2030-01-01", "gpt-6.1-terra", "was shut down on 2026-12-11"],
])("on %s gpt-5-mini is %s", (today, model, words) => {
  const inUse = modelInUse("openai/gpt-5-mini", today);
  expect(inUse.model).toBe(model);
  if (words === undefined) expect(inUse).not.toHaveProperty("warning");
  else expect(inUse.warning).toContain(words);
});

test("an unknown model stays, with a warning that it has no price", () => {
  expect(modelInUse("openai/gpt-9", "2026-11-22")).toEqual({
    model: "gpt-9",
    warning: "the model gpt-9 is not known here: it has no price and no limits, and its use can not be billed",
  });
});
