/** Masks of our own frames, when we are the client (RFC 6455, sections 5.3 and 10.3). */
import { randomFillSync } from "node:crypto";
import { applyMask } from "./mask.ts";
import type { OutBuffer } from "./out-buffer.ts";

const MASK_POOL_BYTES = 8 * 1024;
let maskPool: Buffer | undefined;
let maskAt = MASK_POOL_BYTES;

/**
 * Masks the payload `[start, end)` in place and writes the mask into the four bytes before it: a fresh one for every frame, from
 * randomness drawn in bulk.
 */
export function maskFrame(out: OutBuffer, start: number, end: number): void {
  if (maskAt === MASK_POOL_BYTES) {
    maskPool = randomFillSync(maskPool ?? Buffer.allocUnsafeSlow(MASK_POOL_BYTES));
    maskAt = 0;
  }
  const m0 = maskPool?.[maskAt] ?? 0;
  const m1 = maskPool?.[maskAt + 1] ?? 0;
  const m2 = maskPool?.[maskAt + 2] ?? 0;
  const m3 = maskPool?.[maskAt + 3] ?? 0;
  maskAt += 4;
  const { bytes } = out;
  bytes[start - 4] = m0;
  bytes[start - 3] = m1;
  bytes[start - 2] = m2;
  bytes[start - 1] = m3;
  applyMask(bytes, out.words, start, end, m0, m1, m2, m3);
}
