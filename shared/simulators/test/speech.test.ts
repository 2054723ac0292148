import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_BYTES,
  GAP_MARK,
  isVoiced,
  linearToMulaw,
  listen,
  Listener,
  mulawToLinear,
  mulawWav,
  rms,
  silence,
  speak,
  textSpokenBy,
  VOICED_RMS,
} from "../src/speech.ts";

const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 60 });
const framesOf = (audio: Uint8Array): Uint8Array[] =>
  Array.from({ length: audio.length / FRAME_BYTES }, (_, index) => audio.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES));

/** Cuts audio into pieces of the given sizes, over and over. */
function rechunk(audio: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < audio.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(audio.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("speak", () => {
  test("any Unicode text survives the way through the audio", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 200 }), (text, msPerChar) => {
        const [utterance, ...others] = listen(speak(text, { utteranceId: 7, msPerChar }));
        expect(others).toEqual([]);
        expect(utterance).toMatchObject({ id: 7, text: text.toWellFormed(), complete: true, gaps: [], duplicates: 0, reordered: 0 });
      }),
      { numRuns: 150 },
    );
  });

  test("speech is in whole frames, lasts about 70 ms a character, and every frame is well above the detector's threshold", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const audio = speak(text);
        expect(audio.length % FRAME_BYTES).toBe(0);
        expect(audio.length / 8).toBeGreaterThanOrEqual(Array.from(text).length * 70);
        for (const frame of framesOf(audio)) expect(rms(frame)).toBeGreaterThan(VOICED_RMS * 2);
      }),
      { numRuns: 60 },
    );
  });

  test("nothing said is no audio, and utterances of one process have different ids", () => {
    expect(speak("").length).toBe(0);
    expect(new Set(listen(Buffer.concat([speak("a"), speak("a")])).map((utterance) => utterance.id)).size).toBe(2);
  });

  test("silence is not voiced and says nothing", () => {
    expect(silence(100).length).toBe(800);
    expect(framesOf(silence(100)).some((frame) => isVoiced(frame))).toBe(false);
    expect(listen(silence(1_000))).toEqual([]);
  });

  test("mu-law bytes survive decoding and encoding", () => {
    for (let byte = 0; byte < 256; byte++) if (byte !== 0x7f) expect(linearToMulaw(mulawToLinear(byte))).toBe(byte);
  });
});

describe("Listener", () => {
  test("understands a stream however it is cut into chunks", () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), fc.nat(400), (text, sizes, lead) => {
        const stream = Buffer.concat([new Uint8Array(lead).fill(0xff), speak(text, { utteranceId: 3 }), silence(30)]);
        const listener = new Listener();
        let at = 0;
        for (const chunk of rechunk(stream, sizes)) {
          listener.hear(chunk, at / 8);
          at += chunk.length;
        }
        expect(listener.utterances).toHaveLength(1);
        expect(listener.utterances[0]).toMatchObject({ text: text.toWellFormed(), complete: true, firstAtMs: lead / 8 });
        expect(listener.utterances[0]?.lastAtMs).toBe(lead / 8 + (listener.utterances[0]?.totalFrames ?? 0) * 20);
      }),
      { numRuns: 80 },
    );
  });

  test("lost, repeated and reordered frames are counted, and the text stays in order", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 2, maxLength: 40 }),
        fc.infiniteStream(fc.constantFrom("keep", "lose", "repeat", "swap")),
        (text, fates) => {
          const frames = framesOf(speak(text, { utteranceId: 1 }));
          const kept: Uint8Array[] = [];
          let lost = 0;
          let repeated = 0;
          for (const frame of frames) {
            const fate = fates.next().value;
            if (fate === "lose") lost++;
            else if (fate === "swap" && kept.length > 0) kept.splice(-1, 0, frame);
            else kept.push(frame);
            if (fate === "repeat") {
              kept.push(frame);
              repeated++;
            }
          }
          const [utterance] = listen(Buffer.concat(kept));
          expect(utterance?.framesHeard ?? 0).toBe(frames.length - lost);
          expect(utterance?.duplicates ?? 0).toBe(repeated);
          if (lost === 0) expect(utterance).toMatchObject({ text, complete: true, gaps: [] });
          else expect(isSubsequence((utterance?.text ?? "").replaceAll(GAP_MARK, ""), text)).toBe(true);
        },
      ),
      { numRuns: 80 },
    );
  });

  test("a gap is marked where characters are missing, and its frames are named", () => {
    const frames = framesOf(speak("abcdef", { utteranceId: 1, msPerChar: 20 }));
    const [utterance] = listen(Buffer.concat([...frames.slice(0, 2), ...frames.slice(4)]));
    expect(utterance).toMatchObject({
      text: `ab${GAP_MARK}ef`,
      gaps: [{ from: 2, to: 3 }],
      framesHeard: 4,
      totalFrames: 6,
      complete: false,
    });
  });

  test("an utterance that is cut off has its beginning, no gap, and is not complete", () => {
    const audio = speak("Good morning, how can I help?", { utteranceId: 1 });
    const [utterance] = listen(audio.subarray(0, 8 * 705));
    expect(utterance).toMatchObject({
      gaps: [],
      complete: false,
      framesHeard: 35,
      text: textSpokenBy("Good morning, how can I help?", 705),
    });
    expect("Good morning, how can I help?".startsWith(utterance?.text ?? "-")).toBe(true);
  });

  test("a damaged frame is not believed, and the stream is found again after it", () => {
    fc.assert(
      fc.property(fc.nat(8_000), fc.integer({ min: 1, max: 300 }), (where, howMany) => {
        const audio = Buffer.from(speak("The quick brown fox jumps over the lazy dog", { utteranceId: 1 }));
        const at = where % audio.length;
        const cut = Buffer.concat([audio.subarray(0, at), audio.subarray(at + howMany)]);
        const heard = listen(cut);
        for (const utterance of heard) {
          expect(utterance.id).toBe(1);
          expect(isSubsequence(utterance.text.replaceAll(GAP_MARK, ""), "The quick brown fox jumps over the lazy dog")).toBe(true);
          expect(utterance.framesHeard).toBeGreaterThanOrEqual(utterance.totalFrames - 2 - Math.ceil(howMany / FRAME_BYTES));
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe("mulawWav", () => {
  test("a stereo recording has the right header and interleaves both sides, the shorter filled with silence", () => {
    const file = Buffer.from(mulawWav([Uint8Array.of(1, 2, 3), Uint8Array.of(9)]));
    expect(file.toString("latin1", 0, 4)).toBe("RIFF");
    expect([file.readUInt32LE(4), file.readUInt16LE(20), file.readUInt16LE(22), file.readUInt32LE(24)]).toEqual([
      file.length - 8,
      7,
      2,
      8_000,
    ]);
    expect([...file.subarray(58)]).toEqual([1, 9, 2, 0xff, 3, 0xff]);
  });
});

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (part[at] === character) at++;
  return at === part.length;
}
