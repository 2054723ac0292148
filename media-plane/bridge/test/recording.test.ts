import { describe, expect, test } from "vitest";
import { HeardAudio } from "../src/recording/heard-audio.ts";
import { PART_SAMPLES, type Part, Parts } from "../src/recording/parts.ts";

/** So many milliseconds of a sound that is told by its byte. */
const sound = (byte: number, ms: number): Uint8Array => new Uint8Array(ms * 8).fill(byte);
const at = (ms: number): number => ms * 8;

function heard() {
  const written: string[] = [];
  const audio = new HeardAudio((from, bytes) => written.push(`${from / 8}: ${bytes[0]} for ${bytes.length / 8} ms`));
  return { audio, written };
}

describe("what was heard of the agent", () => {
  test("lies before its mark, where the mark came back", () => {
    const { audio, written } = heard();
    audio.sent(sound(1, 180), at(1_000));
    audio.awaits("a");
    audio.sent(sound(2, 100), at(1_001));
    audio.awaits("b");
    audio.marked("a", at(1_230));
    audio.marked("b", at(1_340));
    expect(written).toEqual(["1050: 1 for 180 ms", "1230: 2 for 100 ms"]);
  });

  test("goes on without a gap while more lies in line, whenever its marks come; after a pause it begins where it began", () => {
    const { audio, written } = heard();
    for (const name of [1, 2, 3]) {
      audio.sent(sound(name, 200), at(900));
      audio.awaits(String(name));
    }
    for (const [name, markedAt] of [
      [1, 1_200],
      [2, 1_437],
      [3, 1_590],
    ] as const)
      audio.marked(String(name), at(markedAt));
    audio.sent(sound(4, 200), at(1_610));
    audio.awaits("4");
    audio.marked("4", at(1_850));
    expect(written).toEqual(["1000: 1 for 200 ms", "1200: 2 for 200 ms", "1400: 3 for 200 ms", "1650: 4 for 200 ms"]);
  });

  test("ends where Twilio was told to forget the rest, and marks of before mean nothing any more", () => {
    const { audio, written } = heard();
    audio.sent(sound(1, 180), at(0));
    audio.awaits("a");
    audio.sent(sound(2, 180), at(0));
    audio.awaits("b");
    audio.sent(sound(3, 180), at(0));
    audio.awaits("c");
    audio.marked("a", at(200));
    audio.cleared(at(250));
    audio.marked("b", at(251));
    audio.marked("c", at(251));
    audio.sent(sound(4, 60), at(1_000));
    audio.awaits("d");
    audio.marked("d", at(1_080));
    expect(written).toEqual(["20: 1 for 180 ms", "200: 2 for 50 ms", "1020: 4 for 60 ms"]);
  });

  test("that was never marked was heard as far as the clock says", () => {
    const { audio, written } = heard();
    audio.sent(sound(1, 180), at(100));
    audio.cleared(at(160));
    audio.cleared(at(170));
    expect(written).toEqual(["100: 1 for 60 ms"]);
  });
});

describe("parts", () => {
  const samples = (part: Part, index: number): readonly number[] => [...part.audio.subarray(index * 2, index * 2 + 2)];

  test("hold both sides, and are sealed when what was heard in them is known", () => {
    const sealed: Part[] = [];
    const parts = new Parts((part) => sealed.push(part));
    parts.write(0, PART_SAMPLES - 2, Uint8Array.of(1, 2, 3));
    parts.write(1, PART_SAMPLES - 1, Uint8Array.of(7, 8));
    parts.reached(PART_SAMPLES + 8_000);
    expect(sealed).toEqual([]);
    parts.reached(PART_SAMPLES + 17_000);
    expect(sealed.map(({ number, audio }) => [number, audio.length])).toEqual([[0, PART_SAMPLES * 2]]);
    expect([PART_SAMPLES - 2, PART_SAMPLES - 1].map((index) => samples(sealed[0]!, index))).toEqual([
      [1, 0xff],
      [2, 7],
    ]);
    parts.write(0, 0, Uint8Array.of(9));
    parts.finish();
    expect(sealed.map(({ number, audio }) => [number, audio.length])).toEqual([
      [0, PART_SAMPLES * 2],
      [1, 2],
    ]);
    expect(samples(sealed[1]!, 0)).toEqual([3, 8]);
  });

  test("in which nothing was written are not sent", () => {
    const sealed: Part[] = [];
    const parts = new Parts((part) => sealed.push(part));
    parts.write(0, PART_SAMPLES * 3, Uint8Array.of(1));
    parts.finish();
    expect(sealed.map(({ number }) => number)).toEqual([3]);
  });
});
