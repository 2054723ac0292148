/**
 * Masking (RFC 6455, section 5.3) in 32-bit words. XOR undoes itself, so one function masks and unmasks.
 * `words` is a view of the whole `bytes.buffer`; unaligned ends are done byte by byte with the mask turned accordingly.
 */
const scratch = new Int32Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);

/** A word view of the memory behind `bytes`, for `applyMask`. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
}

/** XORs `bytes[start, end)` with the four mask bytes `m0 … m3`, of which `m0` belongs to `start`. */
export function applyMask(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
  m0: number,
  m1: number,
  m2: number,
  m3: number,
): void {
  if ((m0 | m1 | m2 | m3) === 0) return;
  const offset = bytes.byteOffset;
  let at = start;
  while (at < end && ((offset + at) & 3) !== 0) {
    const turn = (at - start) & 3;
    bytes[at] = (bytes[at] ?? 0) ^ (turn === 0 ? m0 : turn === 1 ? m1 : turn === 2 ? m2 : m3);
    at++;
  }
  const turn = (at - start) & 3;
  scratchBytes[0] = turn === 0 ? m0 : turn === 1 ? m1 : turn === 2 ? m2 : m3;
  scratchBytes[1] = turn === 0 ? m1 : turn === 1 ? m2 : turn === 2 ? m3 : m0;
  scratchBytes[2] = turn === 0 ? m2 : turn === 1 ? m3 : turn === 2 ? m0 : m1;
  scratchBytes[3] = turn === 0 ? m3 : turn === 1 ? m0 : turn === 2 ? m1 : m2;
  const word = scratch[0] ?? 0;
  const last = (offset + end) >> 2;
  for (let index = (offset + at) >> 2; index < last; index++) words[index] = (words[index] ?? 0) ^ word;
  for (at = Math.max(at, (last << 2) - offset); at < end; at++) {
    const tail = (at - start) & 3;
    bytes[at] = (bytes[at] ?? 0) ^ (tail === 0 ? m0 : tail === 1 ? m1 : tail === 2 ? m2 : m3);
  }
}
