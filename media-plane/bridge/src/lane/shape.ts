/**
 * Recognises an audio message by its likeness to one before. Frames differ in their counters, their ids and their audio, and in nothing
 * else; so a message of the same length, with the same bytes in all other places, plain characters where a string was, digits where a
 * number was, and base64 where the audio was, has the same meaning. That is checked in words of four bytes; any other message is
 * scanned (flat-object.ts), or parsed, and its shape learnt.
 *
 * Shapes belong to no call: all calls of a process share them, so that they stay in the processor's cache, where the memory of
 * hundreds of calls does not fit. Whose message it is, the lane sees from its ids.
 */
import { decodedBytes, isBase64Run, paddingOf } from "./base64.ts";
import { isPlain, isWholeNumber } from "./flat-object.ts";

/** Longer messages are scanned each time: the audio outweighs the rest. */
const LONGEST_SHAPE_BYTES = 1024;
/** Messages of one length may have several shapes: counters gain their digits one after the other. */
const SHAPES_PER_LENGTH = 4;

export interface LearntMessage {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Places in `bytes`. Of the audio: */
  readonly audioStart: number;
  readonly audioEnd: number;
  /** Of the strings that say whose message it is: begin and end of each, one after the other. */
  readonly ids: readonly number[];
  /** Of strings and whole numbers of no interest. */
  readonly strings: readonly number[];
  readonly numbers: readonly number[];
}

/** Places are counted from the message's first byte. */
export class Shape {
  readonly length: number;
  readonly audioStart: number;
  readonly audioEnd: number;
  /** How many bytes the audio stands for. */
  readonly audioBytes: number;
  /** Begin and end of each id. */
  readonly ids: Int32Array;
  readonly #template: DataView;
  /** Characters of the audio without padding. */
  readonly #audioChars: number;
  /** Begin and end of what must be the same, of strings that must be plain, of whole numbers. */
  readonly #same: Int32Array;
  readonly #strings: Int32Array;
  readonly #numbers: Int32Array;

  constructor(message: LearntMessage) {
    const { bytes, start, end, audioStart, audioEnd } = message;
    const fromStart = (places: readonly number[]): Int32Array => Int32Array.from(places, (place) => place - start);
    this.length = end - start;
    this.audioStart = audioStart - start;
    this.audioEnd = audioEnd - start;
    this.audioBytes = decodedBytes(bytes, audioStart, audioEnd);
    this.#audioChars = audioEnd - audioStart - paddingOf(bytes, audioStart, audioEnd);
    this.#template = new DataView(Uint8Array.from(bytes.subarray(start, end)).buffer);
    this.ids = fromStart(message.ids);
    this.#strings = fromStart([...message.ids, ...message.strings]);
    this.#numbers = fromStart(message.numbers);
    const holes = [...pairs(this.#strings), ...pairs(this.#numbers), [this.audioStart, this.audioStart + this.#audioChars] as const];
    holes.sort(([first], [second]) => first - second);
    const same: number[] = [];
    let at = 0;
    for (const [from, to] of [...holes, [this.length, this.length] as const]) {
      if (from > at) same.push(at, from);
      at = to;
    }
    this.#same = Int32Array.from(same);
  }

  /** Whether `bytes[start, start + length)` has this shape. `view` is `viewOf(bytes)`. */
  fits(bytes: Buffer, view: DataView, start: number): boolean {
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
    const strings = this.#strings;
    for (let part = 0; part < strings.length; part += 2) {
      if (!isPlain(bytes, start + (strings[part] ?? 0), start + (strings[part + 1] ?? 0))) return false;
    }
    const numbers = this.#numbers;
    for (let part = 0; part < numbers.length; part += 2) {
      if (!isWholeNumber(bytes, start + (numbers[part] ?? 0), start + (numbers[part + 1] ?? 0))) return false;
    }
    return isBase64Run(view, offset + this.audioStart, this.#audioChars);
  }
}

/** The shapes of one kind of message. Bounded: a new shape takes the place of the oldest of its length. */
export class Shapes {
  readonly #byLength: (Shape[] | undefined)[] = Array.from({ length: LONGEST_SHAPE_BYTES + 1 });

  find(bytes: Buffer, start: number, end: number): Shape | undefined {
    const shapes = this.#byLength[end - start];
    if (shapes === undefined) return undefined;
    const view = viewOf(bytes);
    for (const shape of shapes) if (shape.fits(bytes, view, start)) return shape;
    return undefined;
  }

  learn(message: LearntMessage): void {
    const length = message.end - message.start;
    // One character of padding leaves an odd number of them to check: such frames are rare, and scanned.
    if (length > LONGEST_SHAPE_BYTES || paddingOf(message.bytes, message.audioStart, message.audioEnd) === 1) return;
    const shapes = this.#byLength[length] ?? [];
    this.#byLength[length] = shapes;
    if (shapes.length === SHAPES_PER_LENGTH) shapes.shift();
    shapes.push(new Shape(message));
  }
}

let lastView: DataView = new DataView(new ArrayBuffer(0));

/** A view of the memory behind `bytes`; the same for every read into the same memory. */
function viewOf(bytes: Buffer): DataView {
  if (lastView.buffer !== bytes.buffer) lastView = new DataView(bytes.buffer);
  return lastView;
}

function pairs(places: Int32Array): (readonly [number, number])[] {
  return Array.from({ length: places.length / 2 }, (_, index) => [places[index * 2] ?? 0, places[index * 2 + 1] ?? 0] as const);
}
