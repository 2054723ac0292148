/**
 * A stamp inside the audio: the first 24 characters of a frame's base64, which every relay passes on as they are. Two characters of
 * sign, 12 of time (microseconds), 8 of sequence number, 2 of filling. Its digits of base 16 are characters that stand for quiet samples
 * of mu-law, so that a stamp does not make a quiet frame loud.
 */
const DIGITS = Buffer.from("YZabcdef456789+/");
const DIGIT_OF = Uint8Array.from({ length: 256 }, (_, char) => Math.max(0, DIGITS.indexOf(char)));
const [SIGN_0, SIGN_1] = Buffer.from("+Y");
const FILLING = DIGITS[0] ?? 0;
const TIME_HALF = 0x1_00_00_00;
const STAMP_CHARS = 24;

function writeDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index--) {
    bytes[index] = DIGITS[rest & 15] ?? 0;
    rest >>>= 4;
  }
}

function readDigits(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index++) value = value * 16 + (DIGIT_OF[bytes[index] ?? 0] ?? 0);
  return value;
}

export function writeStamp(bytes: Uint8Array, at: number, ms: number, sequence: number): void {
  const us = Math.floor(ms * 1_000);
  bytes[at] = SIGN_0 ?? 0;
  bytes[at + 1] = SIGN_1 ?? 0;
  writeDigits(bytes, at + 2, 6, Math.floor(us / TIME_HALF));
  writeDigits(bytes, at + 8, 6, us % TIME_HALF);
  writeDigits(bytes, at + 14, 8, sequence);
  bytes[at + 22] = FILLING;
  bytes[at + 23] = FILLING;
}

export const hasStamp = (bytes: Uint8Array, at: number): boolean => bytes[at] === SIGN_0 && bytes[at + 1] === SIGN_1;
export const stampedMs = (bytes: Uint8Array, at: number): number =>
  (readDigits(bytes, at + 2, 6) * TIME_HALF + readDigits(bytes, at + 8, 6)) / 1_000;
export const stampedSequence = (bytes: Uint8Array, at: number): number => readDigits(bytes, at + 14, 8);

/** 160 bytes of mu-law as base64, with room for the stamp in front: of somebody who speaks, and of somebody who does not. */
export const SPEECH_BASE64: Buffer = frame((index) => 0x80 * (index & 1) + ((index * 29) % 0x50));
export const SILENCE_BASE64: Buffer = frame(() => 0xff);

/** Whether the stamped frame is of somebody who speaks. */
export const isSpeech = (bytes: Uint8Array, at: number): boolean => bytes[at + STAMP_CHARS] !== SILENCE_BASE64[STAMP_CHARS];

function frame(byteAt: (index: number) => number): Buffer {
  return Buffer.from(Buffer.from(Array.from({ length: 160 }, (_, index) => byteAt(index))).toString("base64"));
}
