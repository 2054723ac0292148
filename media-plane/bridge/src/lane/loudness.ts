/**
 * How loud mu-law audio is (ITU-T G.711, table 2a), read off its base64 without decoding it: of each group of four characters the first
 * holds the sign, the exponent and half of the mantissa of every third sample.
 */

/** A sample is quiet up to this exponent: to 372 of 32,124, which is 39 dB below the loudest. Line noise stays under it, a voice does not. */
const QUIET_EXPONENT = 1;

/** By character of base64: 1 when the sample is louder than that, and for what is no base64. */
const IS_LOUD = Uint8Array.from({ length: 256 }, (_, char) => {
  const [sample] = Buffer.from(`${String.fromCodePoint(char)}A`, "base64");
  // Mu-law is sent with all bits inverted: silence is 0xff.
  return sample !== undefined && ((~sample >> 4) & 0b111) <= QUIET_EXPONENT ? 0 : 1;
});

/** Whether nobody speaks in the audio whose base64 is `bytes[start, end)`. */
export function isQuiet(bytes: Uint8Array, start: number, end: number): boolean {
  let loud = 0;
  for (let group = start; group < end; group += 4) loud |= IS_LOUD[bytes[group] ?? 0] ?? 1;
  return loud === 0;
}
