import { micros } from "@struere/kernel";
import { type CallFigures, callStats, type InjectionFigures } from "@struere/domain";
import { formatMicros } from "@struere/kernel";
import { expect, test } from "vitest";
import type { CallStats } from "../src/api-types.ts";
import type { Paint } from "../src/paint.ts";
import { statsText } from "../src/render/stats.ts";
import { readSince } from "../src/since-flag.ts";

const plain: Paint = (_style, text) => text;

test("a router's auditor in figures, what was compared, and how far to trust it", () => {
  const calls = Array.from(
    { length: 60 },
    (_, index): CallFigures => ({
      callId: `call ${index}`,
      router: "phone",
      group: index % 2 === 0 ? "corrected" : "control",
      sample: 0.5,
      turns: 10,
      formComplete: index % 2 === 0 ? index < 54 : index < 30,
      formPending: false,
      reason: index % 2 === 0 ? "auditor_completed" : "caller_hung_up",
      audits: { done: 3, failed: 0, skipped: 0 },
    }),
  );
  const injections = calls.map(({ callId, group }): InjectionFigures => {
    const common = { callId, source: "auditor", action: "correction", value: null } as const;
    return group === "control"
      ? { ...common, outcome: "refused", reason: "control_group", heardAtMs: null, newestReadMs: null, oldestReadMs: null, reply: null }
      : { ...common, outcome: "spoken", reason: null, heardAtMs: 20_000, newestReadMs: 15_000, oldestReadMs: 12_500, reply: "Yes." };
  });
  const uses = calls.map(({ callId }) => ({
    callId,
    inputTokens: 900,
    cachedInputTokens: 0,
    outputTokens: 100,
    cost: { micros: micros(1_500), currency: "USD" },
  }));
  const { total, routers } = callStats(calls, injections, uses);
  const shown = ({ groups, comparison }: typeof total): CallStats["total"] => {
    const group = ({ auditor: { cost, ...auditor }, ...rest }: typeof groups.corrected) => ({
      ...rest,
      auditor: {
        ...auditor,
        cost: cost && { amount: formatMicros(cost.micros), perCall: formatMicros(cost.perCall), currency: cost.currency },
      },
    });
    const shownGroups = { corrected: group(groups.corrected), control: group(groups.control), unaudited: group(groups.unaudited) };
    return JSON.parse(JSON.stringify({ groups: shownGroups, comparison }));
  };
  const stats: CallStats = {
    since: "2026-11-15T00:00:00.000Z",
    until: "2026-11-22T00:00:00.000Z",
    truncated: false,
    total: shown(total),
    routers: routers.map(({ router, ...section }) => ({ router, ...shown(section) })),
  };
  expect(statsText(plain, stats)).toMatchInlineSnapshot(`
    "Calls that came from 2026-11-15T00:00:00.000Z to 2026-11-22T00:00:00.000Z, were answered and are over

    phone
                                   CORRECTED                 CONTROL                 NO AUDITOR
    calls                          30                        30                      0
    turns                          300                       300                     0
    corrections wanted             30                        30                      0
      for 100 turns                10.0                      10.0                    -
    corrections heard              30                        0                       0
      for 100 turns                10.0                      0.0                     -
    corrections withheld           0                         30                      0
    mistake to correction, median  5.0 s to 7.5 s            -                       -
    mistake to correction, 90 %    5.0 s to 7.5 s            -                       -
    the caller confirmed it        30                        0                       0
    the caller contradicted it     0                         0                       0
    unclear                        0                         0                       0
    forms filled                   27 of 30: 90 % (74-97)    15 of 30: 50 % (33-67)  -
    forms not looked at yet        0                         0                       0
    completed by the auditor       30 of 30: 100 % (89-100)  0 of 30: 0 % (0-11)     -
    aborted by the auditor         0                         0                       0
    injected by hand               0                         0                       0
    audits done                    90                        90                      0
    audits failed, skipped         0, 0                      0, 0                    0, 0
    auditor's tokens for a call    1000                      1000                    -
    auditor's cost for a call      0.0015 USD                0.0015 USD              -

    What became of what auditors injected:
      30 × correction spoken, corrected
      30 × correction refused (control_group), control
    Corrected (30 calls) against the control group (30 calls), drawn by chance:
      forms filled: +40.0 points (95 %: +17.0 to +58.1)
      completed by the auditor: +100.0 points (95 %: +83.9 to +100.0)"
  `);
});

test.each([
  ["30m", "2026-11-22T09:30:00.000Z"],
  ["24h", "2026-11-21T10:00:00.000Z"],
  ["7d", "2026-11-15T10:00:00.000Z"],
  ["2w", "2026-11-08T10:00:00.000Z"],
  ["2026-11-01", "2026-11-01T00:00:00.000Z"],
  ["2026-11-01T12:30Z", "2026-11-01T12:30:00.000Z"],
])("--since %s is %s", (text, since) => {
  expect(readSince(text, new Date("2026-11-22T10:00:00Z")).toISOString()).toBe(since);
});

test.each(["", "7", "d", "-7d", "0d", "2026-13-01", "2027-01-01", "last week"])('--since "%s" is refused with what is legal', (text) => {
  expect(() => readSince(text, new Date("2026-11-22T10:00:00Z"))).toThrow(/--since is .* must be a time before now, such as/);
});
