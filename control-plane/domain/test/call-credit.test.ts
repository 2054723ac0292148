import { formatMicros, type Micros, micros } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Allowance,
  callAdvice,
  type CallPrice,
  callPrice,
  type CallQuestion,
  callRefusal,
  callReserve,
  MEDIA_CONTRACT,
  NO_CAPS,
  overdraftBound,
  transferReserve,
  type RateCard,
  refill,
  type SpendCaps,
  tightestCap,
  windowEnd,
  windowStart,
} from "../src/index.ts";

const MINI = {
  textIn: 600_000,
  textCachedIn: 60_000,
  textOut: 2_400_000,
  audioIn: 10_000_000,
  audioCachedIn: 300_000,
  audioOut: 20_000_000,
};
const CARD: RateCard = {
  version: "test",
  currency: "USD",
  markupBps: 0,
  models: { mini: { perMillionTokens: MINI }, transcribe: { perMinute: 4_500 } },
  telephony: [{ direction: "inbound", prefix: "+1", perMinute: 8_500 }],
};
const CALL = { model: "mini", transcriptionModel: "transcribe", direction: "inbound", called: "+15550100200" } as const;

const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const NOW = at("25T14:30:00");

function priceOf(card: RateCard = CARD): CallPrice {
  const price = callPrice(card, CALL);
  if (!price.ok) throw new Error(price.problem.detail);
  return price.value;
}

function anAllowance(caps: Partial<SpendCaps>, spent: Partial<{ hour: number; day: number; month: number }> = {}, held = 0): Allowance {
  const of = (window: "hour" | "day" | "month") => ({ startsAt: windowStart(window, NOW), amount: micros(spent[window] ?? 0) });
  return {
    of: "production",
    caps: { ...NO_CAPS, ...caps },
    spent: { hour: of("hour"), day: of("day"), month: of("month") },
    held: micros(held),
  };
}

describe("a window", () => {
  test("is the hour, the day, the month of the calendar in UTC", () => {
    const shown = (["hour", "day", "month"] as const).map((window) =>
      [windowStart(window, NOW), windowEnd(window, NOW)].map((time) => new Date(time).toISOString().slice(0, 16)),
    );
    expect(shown).toEqual([
      ["2026-11-25T14:00", "2026-11-25T15:00"],
      ["2026-11-25T00:00", "2026-11-26T00:00"],
      ["2026-11-01T00:00", "2026-12-01T00:00"],
    ]);
  });

  test("holds every moment in exactly one window of each kind", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom("hour" as const, "day" as const, "month" as const), (time, window) => {
        const [start, end] = [windowStart(window, time), windowEnd(window, time)];
        expect(start <= time && time < end).toBe(true);
        expect(windowStart(window, end)).toBe(end);
        expect(windowStart(window, end - 1)).toBe(start);
      }),
    );
  });

  test("begins where every calendar says that it does", () => {
    fc.assert(
      fc.property(fc.integer({ min: -2e12, max: 8e12 }), (time) => {
        const date = new Date(time);
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
        expect(windowStart("month", time)).toBe(Date.UTC(year, month));
        expect(windowEnd("month", time)).toBe(Date.UTC(year, month + 1));
        expect(windowStart("day", time)).toBe(Date.UTC(year, month, date.getUTCDate()));
      }),
    );
  });

  test("that is over counts no more", () => {
    const allowance = anAllowance({ hour: micros(100) }, { hour: 90 });
    expect(tightestCap([allowance], NOW)?.room).toBe(10n);
    expect(tightestCap([allowance], at("25T15:00:00"))?.room).toBe(100n);
  });
});

describe("the tightest cap", () => {
  test("is the one that leaves the least, of all windows, of the environment and of the key, what is reserved included", () => {
    const environment = anAllowance({ hour: micros(1_000), day: micros(1_200) }, { hour: 100, day: 900 }, 150);
    const key = { ...anAllowance({ month: micros(500) }, { month: 100 }, 20), of: "key key_1" };
    expect(tightestCap([environment, key], NOW)).toMatchObject({ window: "day", room: 150n });
    expect(tightestCap([anAllowance({ hour: micros(1_000) }), key], NOW)).toMatchObject({ window: "month", room: 380n });
    expect(tightestCap([anAllowance({}, { hour: 5 })], NOW)).toBeUndefined();
  });
});

describe("what a call is reserved", () => {
  test("is the price of two minutes of talk and what it needs to end, by the card that it is pinned to", () => {
    const price = priceOf();
    // 10 and 20 tokens a second, and transcription at 0.0045 a minute.
    expect(price).toEqual({ second: 575n, minute: 8_500n, response: 2_400n });
    expect(callReserve(price, 0)).toEqual({ end: 33_300n, wrapUp: 59_175n, full: 93_676n });
  });

  test("grows by the telephony of every minute that has begun", () => {
    const price = priceOf();
    expect(callReserve(price, 59_999).end).toBe(33_300n);
    expect(callReserve(price, 60_000).end).toBe(41_800n);
    expect(callReserve(price, 600_000).end - callReserve(price, 0).end).toBe(85_000n);
  });

  test("has the markup in it", () => {
    expect(priceOf({ ...CARD, markupBps: 10_000 })).toEqual({ second: 1_150n, minute: 17_000n, response: 4_800n });
  });

  test("can not be said without a price: the sentence names what has none", () => {
    const price = callPrice({ ...CARD, telephony: [] }, CALL);
    expect(price.ok ? "" : price.problem.detail).toContain("no telephony price for inbound calls");
  });

  test("is filled up again when half a quantum is gone, to the full", () => {
    const reserve = callReserve(priceOf(), 0);
    expect(refill(reserve, reserve.full)).toBe(0n);
    expect(refill(reserve, micros(80_000n))).toBe(0n);
    expect(refill(reserve, micros(70_000n))).toBe(23_676n);
  });
});

describe("a running call", () => {
  const reserve = callReserve(priceOf(), 0);
  const advice = (remaining: number, shortOf: "credit" | "cap" | null) => callAdvice(reserve, micros(remaining), shortOf);

  test("is left alone while its hold can be filled up, wraps up when it can not, and ends before its reserve is used", () => {
    expect([
      advice(10_000, null),
      advice(60_000, "credit"),
      advice(59_000, "credit"),
      advice(33_300, "cap"),
      advice(33_000, "credit"),
    ]).toEqual([
      null,
      null,
      { action: "wrap_up", reason: "credit_low" },
      { action: "wrap_up", reason: "spend_cap_near" },
      { action: "end_call", reason: "credit_exhausted" },
    ]);
    expect(advice(0, "cap")).toEqual({ action: "end_call", reason: "spend_cap" });
  });

  test("is never told to end while it has the credit to wrap up", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -1_000_000n, max: 1_000_000n }), fc.nat(3_600_000), (remaining, lastedMs) => {
        const needs = callReserve(priceOf(), lastedMs);
        const told = callAdvice(needs, micros(remaining), "credit")?.action ?? null;
        expect(told).toBe(remaining >= needs.wrapUp ? null : remaining >= needs.end ? "wrap_up" : "end_call");
      }),
    );
  });
});

describe("the overdraft", () => {
  test("is bounded by what calls can use from the moment that their reserve is down to the end, for each call alike", () => {
    const price = { ...priceOf(), response: micros(5_000) };
    expect(formatMicros(overdraftBound(price, 1))).toBe("0.1111");
    expect(overdraftBound(price, 100)).toBe(micros(100n * overdraftBound(price, 1)));
  });

  test("has room for all that a media node lets a call use, and its windows for all the time in which nobody knows", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(1_000_000), (second, minute, response) => {
        const price = { second: micros(second), minute: micros(minute), response: micros(response) };
        const { end } = callReserve(price, 0);
        // As a media node keeps to it, 8 s until it hears of the end: 16 responses in 15 s, the one before, and four goodbyes.
        const used = 48n * price.second + 21n * price.response + 2n * price.minute;
        expect(used - end <= overdraftBound(price, 1)).toBe(true);
      }),
    );
    const { adviceWaitMs, windowMs } = MEDIA_CONTRACT;
    expect(8_000 + adviceWaitMs).toBeLessThanOrEqual(windowMs);
  });
});

describe("a call is refused", () => {
  const free: CallQuestion = {
    currency: "USD",
    available: micros(1_000_000),
    creditLimit: micros(0),
    allowances: [anAllowance({})],
    wanted: micros(93_676),
    atATime: [],
    toNumber: [],
    now: NOW,
  };

  test("for nothing while there is room", () => {
    expect(callRefusal(free)).toBeUndefined();
    expect(callRefusal({ ...free, available: micros(93_676) })).toBeUndefined();
  });

  test.each<[name: string, question: Partial<CallQuestion>, refusal: { reason: string; limit: string; value: string }, says: RegExp]>([
    [
      "without credit",
      { available: micros(93_675) },
      { reason: "insufficient_credit", limit: "credit", value: "0.093675" },
      /0\.093675 USD of credit are left, and a call needs 0\.093676 to begin; add credit: struere billing topup <amount>$/,
    ],
    [
      "over a cap",
      { allowances: [anAllowance({ day: micros(500_000) }, { day: 400_000 }, 10_000)] },
      { reason: "spend_cap", limit: "day cap of production", value: "0.50" },
      /cap of 0\.50 USD per day of production.*0\.40 are spent, 0\.01 reserved.*wait until 2026-11-26 00:00 UTC.*billing caps --day <amount>$/,
    ],
    [
      "over the cap of its key",
      { allowances: [anAllowance({}), { ...anAllowance({ hour: micros(1) }), of: "key key_1" }] },
      { reason: "spend_cap", limit: "hour cap of key key_1", value: "0.000001" },
      /until 2026-11-25 15:00 UTC.*billing caps --hour <amount> --for key_1$/,
    ],
    [
      "when too many are going on",
      { atATime: [{ of: "key key_1", count: 3, most: 3 }] },
      { reason: "too_many_calls", limit: "maxConcurrent of key key_1", value: "3" },
      /3 calls of key key_1 are going on, and at most 3 may.*--for key_1 --max-concurrent/,
    ],
    [
      "when the number was called too often",
      { toNumber: [{ of: "production", count: 20, most: 20 }] },
      { reason: "too_many_calls_to_number", limit: "callsPerNumber of production", value: "20" },
      /20 calls were placed to this number within 24 hours.*--calls-per-number/,
    ],
  ])("%s, with the limit, its value and what to do", (_name, question, refusal, says) => {
    const refused = callRefusal({ ...free, ...question });
    expect(refused).toMatchObject(refusal);
    expect(refused?.sentence).toMatch(says);
  });

  test("never because of credit when the books refuse nothing", () => {
    expect(callRefusal({ ...free, available: micros(-1_000_000_000n), creditLimit: null })).toBeUndefined();
  });

  test("as soon as the calls before it have used up the room, whatever the order: what is reserved never exceeds credit and caps", () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(amounts, fc.nat(1_000_000), fc.nat(1_000_000), (wants, credit, cap) => {
        let [available, held] = [BigInt(credit), 0n];
        for (const want of wants) {
          const wanted = micros(want);
          const allowances = [anAllowance({ hour: micros(cap) }, {}, Number(held))];
          if (callRefusal({ ...free, available: available as Micros, allowances, wanted })) continue;
          available -= wanted;
          held += wanted;
        }
        expect(available >= 0n && held <= BigInt(cap)).toBe(true);
      }),
    );
  });
});

test("what is reserved for a transferred call covers all minutes that were begun, and those that begin while it is cut", () => {
  const price = { minute: micros(10), legMinute: micros(100) };
  const reserve = (lastedMs: number, legMs: number) => transferReserve(price, { lastedMs, legMs, legMinute: price.legMinute });
  expect(reserve(0, 0)).toEqual({ end: 220n, wrapUp: 220n, full: 441n });
  expect(reserve(59_999, 59_999).end).toBe(220n);
  expect(reserve(60_000, 59_999).end).toBe(230n);
  expect(reserve(60_000, 60_000).end).toBe(330n);
});
