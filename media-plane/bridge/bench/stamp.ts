/**
 * A stamp inside the audio: the first 24 characters of a frame's base64, which every relay passes on as they are. Two characters of
 * sign, 12 of time (microseconds), 8 of sequence number, 2 of filling; each digit of base 16 is one of the letters A to P.
 */
const SIGN_0 = 0x7a;
const SIGN_1 = 0x59;
const A = 0x41;
const TIME_HALF = 0x1_00_00_00;

function writeDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index--) {
    bytes[index] = A + (rest & 15);
    rest >>>= 4;
  }
}

function readDigits(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index++) value = value * 16 + ((bytes[index] ?? A) - A);
  return value;
}

export function writeStamp(bytes: Uint8Array, at: number, ms: number, sequence: number): void {
  const us = Math.floor(ms * 1_000);
  bytes[at] = SIGN_0;
  bytes[at + 1] = SIGN_1;
  writeDigits(bytes, at + 2, 6, Math.floor(us / TIME_HALF));
  writeDigits(bytes, at + 8, 6, us % TIME_HALF);
  writeDigits(bytes, at + 14, 8, sequence);
  bytes[at + 22] = A;
  bytes[at + 23] = A;
}

export const hasStamp = (bytes: Uint8Array, at: number): boolean => bytes[at] === SIGN_0 && bytes[at + 1] === SIGN_1;
export const stampedMs = (bytes: Uint8Array, at: number): number =>
  (readDigits(bytes, at + 2, 6) * TIME_HALF + readDigits(bytes, at + 8, 6)) / 1_000;
export const stampedSequence = (bytes: Uint8Array, at: number): number => readDigits(bytes, at + 14, 8);

/** 160 bytes of mu-law as base64, with room for the stamp in front. */
export const FRAME_BASE64: Buffer = Buffer.from(Buffer.alloc(160, 0xff).toString("base64"));
