import fc from "fast-check";
import { expect, test } from "vitest";
import { FRAME_BYTES } from "../src/index.ts";
import { PlayOut } from "../src/twilio/media/play-out.ts";

function playOut(limitMs = 60_000) {
  const marks: string[] = [];
  const out = new PlayOut({ limitMs: () => limitMs, onMark: (name) => marks.push(name) });
  return { out, marks };
}

function audio(ms: number, byte = 1): Buffer {
  return Buffer.alloc(ms * 8, byte);
}

test("a mark comes back when the audio before it has been played, not before", () => {
  const { out, marks } = playOut();
  out.push(audio(40));
  out.mark("after 40");
  out.push(audio(20));
  out.mark("after 60");
  const seen: string[] = [];
  for (let ms = 0; ms <= 80; ms += 20) {
    out.step();
    seen.push(`${ms}: ${marks.join(", ")}`);
  }
  expect(seen).toEqual(["0: ", "20: ", "40: after 40", "60: after 40, after 60", "80: after 40, after 60"]);
});

test("a mark comes back at once when nothing is buffered, and waits while the last frame sounds", () => {
  const { out, marks } = playOut();
  out.mark("at once");
  expect(marks).toEqual(["at once"]);
  out.push(audio(20));
  out.step();
  out.mark("sounding");
  expect(marks).toEqual(["at once"]);
  out.step();
  expect(marks).toEqual(["at once", "sounding"]);
});

test("clear empties the buffer and sends all outstanding marks back in order", () => {
  const { out, marks } = playOut();
  out.push(audio(100));
  out.mark("a");
  out.push(audio(100));
  out.mark("b");
  out.step();
  out.clear();
  expect(marks).toEqual(["a", "b"]);
  expect(out.bufferedMs).toBe(0);
  expect(out.step()).toBeNull();
});

test("audio beyond the limit is discarded whole", () => {
  const { out } = playOut(100);
  expect(out.push(audio(80))).toBe(true);
  expect(out.push(audio(40))).toBe(false);
  expect(out.push(audio(20))).toBe(true);
  expect(out.bufferedMs).toBe(100);
});

test("whatever the sizes in which audio arrives, it is played in order, every byte once, filled up with silence at its end", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 700 }), fc.constant("mark" as const)), { maxLength: 40 }), (pieces) => {
      const { out, marks } = playOut();
      const sent: number[] = [];
      let markCount = 0;
      for (const piece of pieces) {
        if (piece === "mark") out.mark(`m${markCount++}`);
        else {
          const bytes = Buffer.from(Array.from({ length: piece }, (_, index) => (sent.length + index) % 251));
          sent.push(...bytes);
          out.push(bytes);
        }
      }
      const heard: number[] = [];
      for (let frame = out.step(); frame !== null; frame = out.step()) {
        expect(frame.length).toBe(FRAME_BYTES);
        heard.push(...frame);
      }
      expect(heard.slice(0, sent.length)).toEqual(sent);
      expect(heard.slice(sent.length).every((byte) => byte === 0xff)).toBe(true);
      expect(heard.length - sent.length).toBeLessThan(FRAME_BYTES);
      expect(marks).toEqual(Array.from({ length: markCount }, (_, index) => `m${index}`));
    }),
  );
});
