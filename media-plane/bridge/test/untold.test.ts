import { expect, test } from "vitest";
import { AgentLane } from "../src/lane/index.ts";
import { Untold } from "../src/untold.ts";
import { hand, laneEnd, standingClock } from "./lane-ends.ts";

test("of what has come since the last event the latest is told: each item's audio with its own time, then one mark", () => {
  const clock = standingClock();
  const lane = new AgentLane({
    telephony: laneEnd("server").lane,
    clock,
    markName: ({ itemId, sentMs }) => `${itemId}:${sentMs}`,
    onMessage: () => undefined,
    onAudioStarted: () => undefined,
    onOverflow: () => undefined,
  });
  const untold = new Untold(lane);
  lane.begin("MZ1");
  lane.play({ responseId: "resp_1", generation: 1 });
  const speak = (itemId: string, ms: number): void => {
    const place = `"response_id":"resp_1","item_id":"${itemId}"`;
    const delta = Buffer.alloc(ms * 8).toString("base64");
    hand((bytes, start, end) => lane.take(bytes, start, end), `{"type":"response.output_audio.delta",${place},"delta":"${delta}"}`);
  };
  expect(untold.take(0, undefined)).toEqual([]);
  speak("item_1", 100);
  clock.at = 10;
  speak("item_1", 400);
  untold.marked(11, "item_1:360");
  clock.at = 20;
  speak("item_1", 400);
  speak("item_2", 40);
  untold.marked(21, "item_1:720");
  expect(untold.take(30, undefined)).toEqual([
    { type: "lane.progressed", at: 20, itemId: "item_1", generatedMs: 900, sentMs: 900, finished: false, playsUntil: 900 },
    { type: "lane.progressed", at: 20, itemId: "item_2", generatedMs: 40, sentMs: 40, finished: false, playsUntil: 940 },
    { type: "telephony.marked", at: 21, name: "item_1:720" },
  ]);
  expect(untold.take(40, undefined)).toEqual([]);
});
