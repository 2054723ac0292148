import { describe, expect, test } from "vitest";
import { type CarrierTimes, unreportedSeconds } from "../src/index.ts";

const at = (seconds: number): number => 1_795_000_000_000 + seconds * 1_000;
const connected = (seconds: number) => ({ connectedAt: at(seconds) });

const INBOUND: CarrierTimes = {
  direction: "inbound",
  reason: null,
  carrierStatus: null,
  connectedAt: null,
  answeredAt: null,
  endedAt: at(0),
  durationMs: 0,
};
const OUTBOUND: CarrierTimes = { ...INBOUND, direction: "outbound" };

describe("a call of which the carrier says nothing was as long as", () => {
  test.each<[string, CarrierTimes, number]>([
    [
      "from when it was connected until its end",
      { ...INBOUND, ...connected(0), answeredAt: at(2), endedAt: at(61.5), durationMs: 59_500 },
      62,
    ],
    ["its node saw", { ...INBOUND, ...connected(0), answeredAt: at(2), endedAt: at(50), durationMs: 70_000 }, 70],
    ["a moment: its node was dead when it was to take it", { ...INBOUND, ...connected(0), reason: "stream_failed", endedAt: at(0) }, 1],
    ["it took to find that out", { ...INBOUND, ...connected(0), reason: "stream_failed", endedAt: at(63) }, 63],
    ["a sentence: it was told that nobody is available", { ...INBOUND, reason: "no_media_node" }, 1],
    ["a sentence: there are too many calls", { ...INBOUND, reason: "too_many_calls" }, 1],
    ["nothing: the line was busy, because there is no credit", { ...INBOUND, reason: "insufficient_credit" }, 0],
    ["nothing: its caller gave up first", { ...INBOUND, ...connected(0), carrierStatus: "no-answer", endedAt: at(1) }, 0],
    ["its caller heard us, before there was an agent", { ...INBOUND, ...connected(0), carrierStatus: "completed", endedAt: at(1) }, 1],
    ["nothing: it was never placed", { ...OUTBOUND, reason: "never_placed" }, 0],
    ["nothing: it rang, for all we know", { ...OUTBOUND, carrierStatus: "ringing" }, 0],
    ["nothing: nobody picked up", { ...OUTBOUND, carrierStatus: "no-answer" }, 0],
    ["from when somebody picked up", { ...OUTBOUND, ...connected(20), answeredAt: at(22), endedAt: at(90), durationMs: 68_000 }, 70],
    ["a moment: somebody picked up, and no node was there", { ...OUTBOUND, carrierStatus: "in-progress", reason: "no_media_node" }, 1],
  ])("%s", (_what, call, seconds) => {
    expect(unreportedSeconds(call)).toBe(seconds);
  });
});
