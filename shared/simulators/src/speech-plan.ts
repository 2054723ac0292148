/** When each character of an utterance is spoken: which 20 ms frame carries it. */
import { Fault } from "@struere/kernel";
import { FRAME_TEXT_BYTES } from "./speech-frame.ts";
import { FRAME_MS } from "./speech-mulaw.ts";

/** About 14 characters a second, an unhurried speaker. */
export const DEFAULT_MS_PER_CHAR = 70;
/** An utterance is never shorter than this, so that a voice activity detector notices a single letter. */
const MIN_FRAMES = 5;
const MAX = 65_535;

export interface PlannedFrame {
  /** Where this frame's text begins in the utterance's UTF-8, in bytes. */
  readonly offset: number;
  /** The characters spoken in this frame; often none, as a character lasts several frames. */
  readonly text: string;
}

/** The frames of an utterance. No text, no frames. Faults: invalid_argument when it is longer than 65535 frames or bytes. */
export function planFrames(text: string, msPerChar: number = DEFAULT_MS_PER_CHAR): readonly PlannedFrame[] {
  if (!(msPerChar > 0))
    throw new Fault("invalid_argument", `msPerChar is ${msPerChar}; it must be more than 0 (the default is ${DEFAULT_MS_PER_CHAR})`);
  const characters = Array.from(text.toWellFormed());
  if (characters.length === 0) return [];
  const frames: { text: string; bytes: number }[] = [];
  const frameAt = (index: number): { text: string; bytes: number } => {
    while (frames.length <= index) frames.push({ text: "", bytes: 0 });
    return frames[index] ?? { text: "", bytes: 0 };
  };
  let current = 0;
  characters.forEach((character, position) => {
    const bytes = Buffer.byteLength(character);
    current = Math.max(current, Math.floor((position * msPerChar) / FRAME_MS));
    if (frameAt(current).bytes + bytes > FRAME_TEXT_BYTES) current++;
    const frame = frameAt(current);
    frame.text += character;
    frame.bytes += bytes;
  });
  frameAt(Math.max(MIN_FRAMES, Math.ceil((characters.length * msPerChar) / FRAME_MS)) - 1);
  let offset = 0;
  const planned = frames.map((frame) => {
    const here = { offset, text: frame.text };
    offset += frame.bytes;
    return here;
  });
  if (planned.length > MAX || offset > MAX) {
    throw new Fault(
      "invalid_argument",
      `an utterance of ${planned.length} frames and ${offset} bytes of text is too long; at most ${MAX} of each`,
    );
  }
  return planned;
}

/** The text that has been spoken completely when the first `ms` milliseconds have been heard. */
export function textSpokenBy(text: string, ms: number, msPerChar: number = DEFAULT_MS_PER_CHAR): string {
  const frames = planFrames(text, msPerChar);
  return frames
    .slice(0, Math.max(0, Math.floor(ms / FRAME_MS)))
    .map((frame) => frame.text)
    .join("");
}
