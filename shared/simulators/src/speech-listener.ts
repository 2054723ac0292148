/** Understands simulated speech from its audio alone, whatever happened to it on the way: loss, repetition, disorder, other chunk sizes. */
import { type FrameMessage, mayBeginFrame, readFrameMessage } from "./speech-frame.ts";
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from "./speech-mulaw.ts";

/** Stands in an utterance's text where characters were lost. */
export const GAP_MARK = "[…]";

/** One utterance as far as it has been heard. */
export interface Utterance {
  readonly id: number;
  /** The characters heard so far, in the order in which they were spoken; GAP_MARK where some are missing. */
  readonly text: string;
  readonly totalFrames: number;
  /** Different frames heard. */
  readonly framesHeard: number;
  /** When the first heard frame began, and when the last heard frame ended, on the clock of the `atMs` given to `hear`. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly complete: boolean;
  /** Frames missing before the last one heard, as inclusive ranges. An utterance that was cut off has no gap for what never came. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** Frames heard again. */
  readonly duplicates: number;
  /** Frames that came after a later one. */
  readonly reordered: number;
}

interface Hearing {
  readonly id: number;
  readonly totalFrames: number;
  readonly frames: Map<number, FrameMessage>;
  highest: number;
  firstAtMs: number;
  lastAtMs: number;
  duplicates: number;
  reordered: number;
  snapshot: Utterance | undefined;
}

export class Listener {
  readonly #hearings = new Map<number, Hearing>();
  /** The tail of what was heard, when it may be the beginning of a frame. */
  #carry: Uint8Array = new Uint8Array(0);

  /**
   * Takes the next audio of a stream, of any length.
   * @param audio mu-law bytes. @param atMs when its first byte is heard.
   * @returns the ids of the utterances that this audio continued.
   */
  hear(audio: Uint8Array, atMs: number): readonly number[] {
    const carried = this.#carry.length;
    const bytes = carried === 0 ? audio : Buffer.concat([this.#carry, audio]);
    const startMs = atMs - carried / BYTES_PER_MS;
    const heard: number[] = [];
    let at = 0;
    while (bytes.length - at >= FRAME_BYTES) {
      const message = readFrameMessage(bytes, at);
      if (message) {
        this.#note(message, startMs + at / BYTES_PER_MS);
        if (heard.at(-1) !== message.utteranceId) heard.push(message.utteranceId);
      }
      at += message ? FRAME_BYTES : 1;
    }
    while (at < bytes.length && !mayBeginFrame(bytes, at)) at++;
    this.#carry = at === bytes.length ? EMPTY : Uint8Array.from(bytes.subarray(at));
    return heard;
  }

  /** Everything heard so far, in the order in which the utterances began. */
  get utterances(): readonly Utterance[] {
    return [...this.#hearings.values()].map((hearing) => (hearing.snapshot ??= snapshot(hearing)));
  }

  /** One utterance by its id. */
  utterance(id: number): Utterance | undefined {
    const hearing = this.#hearings.get(id);
    return hearing && (hearing.snapshot ??= snapshot(hearing));
  }

  #note(message: FrameMessage, atMs: number): void {
    let hearing = this.#hearings.get(message.utteranceId);
    if (!hearing) {
      hearing = {
        id: message.utteranceId,
        totalFrames: message.count,
        frames: new Map(),
        highest: -1,
        firstAtMs: atMs,
        lastAtMs: atMs,
        duplicates: 0,
        reordered: 0,
        snapshot: undefined,
      };
      this.#hearings.set(message.utteranceId, hearing);
    }
    hearing.snapshot = undefined;
    hearing.lastAtMs = Math.max(hearing.lastAtMs, atMs + FRAME_MS);
    if (hearing.frames.has(message.index)) {
      hearing.duplicates++;
      return;
    }
    if (message.index < hearing.highest) hearing.reordered++;
    hearing.highest = Math.max(hearing.highest, message.index);
    hearing.frames.set(message.index, message);
  }
}

/** Everything that can be understood from a recording; times count from its first byte. */
export function listen(audio: Uint8Array): readonly Utterance[] {
  const listener = new Listener();
  listener.hear(audio, 0);
  return listener.utterances;
}

const EMPTY = new Uint8Array(0);
const utf8 = new TextDecoder();

function snapshot(hearing: Hearing): Utterance {
  const frames = [...hearing.frames.values()].sort((a, b) => a.index - b.index);
  const gaps: { from: number; to: number }[] = [];
  let text = "";
  let nextIndex = 0;
  let nextOffset = 0;
  for (const frame of frames) {
    if (frame.index > nextIndex) gaps.push({ from: nextIndex, to: frame.index - 1 });
    if (frame.offset > nextOffset) text += GAP_MARK;
    text += utf8.decode(frame.text);
    nextIndex = frame.index + 1;
    nextOffset = frame.offset + frame.text.length;
  }
  return {
    id: hearing.id,
    text,
    totalFrames: hearing.totalFrames,
    framesHeard: frames.length,
    firstAtMs: hearing.firstAtMs,
    lastAtMs: hearing.lastAtMs,
    complete: frames.length === hearing.totalFrames,
    gaps,
    duplicates: hearing.duplicates,
    reordered: hearing.reordered,
  };
}
