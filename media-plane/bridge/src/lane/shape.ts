/**
 * Recognises an audio message by its likeness to the one before. Frames of one stream differ in their counters, their event id and
 * their audio, and in nothing else; so a message of the same length, with the same bytes in all other places, plain characters where
 * a string of no interest was, and base64 where the audio was, has the same meaning. That is checked in words of four bytes; any
 * other message is scanned (flat-object.ts), or parsed, and its shape learnt anew.
 */
import { decodedBytes, isBase64Run, paddingOf } from "./base64.ts";
import { isPlain } from "./flat-object.ts";

/** Longer messages are scanned each time: the audio outweighs the rest. */
const LONGEST_SHAPE_BYTES = 1024;

export class Shape {
  /** Where the audio is, counted from the message's first byte, and how many bytes it stands for. */
  audioStart = 0;
  audioEnd = 0;
  audioBytes = 0;
  #length = -1;
  #template: DataView = new DataView(new ArrayBuffer(0));
  /** Characters of the audio without padding. */
  #audioChars = 0;
  /** Begin and end of what must be the same, and of strings that may differ. */
  #same: Int32Array = new Int32Array(0);
  #others: Int32Array = new Int32Array(0);

  /** Whether the message `bytes[start, end)` is like the one learnt. */
  matches(bytes: Buffer, start: number, end: number): boolean {
    if (end - start !== this.#length) return false;
    const view = viewOf(bytes);
    const offset = bytes.byteOffset + start;
    const template = this.#template;
    const same = this.#same;
    let difference = 0;
    for (let part = 0; part < same.length; part += 2) {
      const last = same[part + 1] ?? 0;
      let at = same[part] ?? 0;
      for (; at + 4 <= last; at += 4) difference |= view.getInt32(offset + at) ^ template.getInt32(at);
      for (; at < last; at++) difference |= view.getUint8(offset + at) ^ template.getUint8(at);
    }
    if (difference !== 0) return false;
    const others = this.#others;
    for (let part = 0; part < others.length; part += 2) {
      if (!isPlain(bytes, start + (others[part] ?? 0), start + (others[part + 1] ?? 0))) return false;
    }
    return isBase64Run(view, offset + this.audioStart, this.#audioChars);
  }

  /** Learns `bytes[start, end)`, whose audio and other strings are at the given places in `bytes`. */
  learn(message: {
    readonly bytes: Buffer;
    readonly start: number;
    readonly end: number;
    readonly audioStart: number;
    readonly audioEnd: number;
    readonly others: readonly number[];
  }): void {
    const { bytes, start, end, audioStart, audioEnd } = message;
    this.#length = -1;
    const padding = paddingOf(bytes, audioStart, audioEnd);
    // With one character of padding three are left in the last group: such frames are rare, and scanned.
    if (end - start > LONGEST_SHAPE_BYTES || padding === 1) return;
    const copy = Uint8Array.from(bytes.subarray(start, end));
    this.#template = new DataView(copy.buffer);
    this.audioStart = audioStart - start;
    this.audioEnd = audioEnd - start;
    this.audioBytes = decodedBytes(bytes, audioStart, audioEnd);
    this.#audioChars = audioEnd - audioStart - padding;
    const others = message.others.map((place) => place - start);
    const holes: (readonly [number, number])[] = [[this.audioStart, this.audioStart + this.#audioChars]];
    for (let part = 0; part < others.length; part += 2) holes.push([others[part] ?? 0, others[part + 1] ?? 0]);
    holes.sort(([first], [second]) => first - second);
    const same: number[] = [];
    let at = 0;
    for (const [from, to] of holes) {
      if (from > at) same.push(at, from);
      at = to;
    }
    if (at < copy.length) same.push(at, copy.length);
    this.#same = Int32Array.from(same);
    this.#others = Int32Array.from(others);
    this.#length = end - start;
  }

  forget(): void {
    this.#length = -1;
  }
}

let lastView: DataView = new DataView(new ArrayBuffer(0));

/** A view of the memory behind `bytes`; the same for every read into the same memory. */
function viewOf(bytes: Buffer): DataView {
  if (lastView.buffer !== bytes.buffer) lastView = new DataView(bytes.buffer);
  return lastView;
}
