/**
 * Memory for frames on their way out. A socket borrows one buffer at its first frame of a turn and gives it back when the kernel has
 * taken the bytes, so that idle calls own none.
 */
import { wordsOf } from "./mask.ts";

const BUFFER_BYTES = 16 * 1024;
/** More than so many spare buffers are left to the garbage collector. */
const MOST_SPARE = 64;

export interface OutBuffer {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  used: number;
}

/** The first `spareCount` are free. The array keeps its length, as in turn.ts. */
const spare: (OutBuffer | undefined)[] = [];
let spareCount = 0;

/** A buffer with room for at least `byteLength`. */
export function borrowBuffer(byteLength: number): OutBuffer {
  if (byteLength <= BUFFER_BYTES && spareCount > 0) {
    const known = spare[--spareCount];
    if (known !== undefined) return known;
  }
  const bytes = Buffer.allocUnsafeSlow(Math.max(byteLength, BUFFER_BYTES));
  return { bytes, words: wordsOf(bytes), used: 0 };
}

/** Only when nobody reads the buffer any more. */
export function returnBuffer(buffer: OutBuffer): void {
  buffer.used = 0;
  if (buffer.bytes.length === BUFFER_BYTES && spareCount < MOST_SPARE) spare[spareCount++] = buffer;
}
