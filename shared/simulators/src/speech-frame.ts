/**
 * What a 20 ms frame of simulated speech says about itself, in the low bit of each of its 160 mu-law bytes (20 bytes of message):
 *
 *   magic 2 | utterance id 4 | frame index 2 | frame count 2 | offset 2 | length 1 | text 5 | CRC-16 2        (big endian, high bit first)
 *
 * `offset` is where this frame's text begins in the UTF-8 of the whole utterance, so that a listener who misses a frame knows whether
 * words went with it. The low bit of mu-law is half a quantization step: not audible.
 */
import { FRAME_BYTES } from "./speech-mulaw.ts";

export interface FrameMessage {
  readonly utteranceId: number;
  readonly index: number;
  readonly count: number;
  readonly offset: number;
  /** UTF-8, whole characters only, at most FRAME_TEXT_BYTES. */
  readonly text: Uint8Array;
}

export const FRAME_TEXT_BYTES = 5;
/** The first bit differs from the low bit of silence, so that a search through silence fails at once. */
const MAGIC = 0x35a7;
const MESSAGE_BYTES = FRAME_BYTES / 8;
const TEXT_AT = 13;
const CRC_AT = MESSAGE_BYTES - 2;

/** Writes the message into the low bits of `audio` from `at`. */
export function writeFrameMessage(audio: Uint8Array, at: number, message: FrameMessage): void {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC);
  view.setUint32(2, message.utteranceId);
  view.setUint16(6, message.index);
  view.setUint16(8, message.count);
  view.setUint16(10, message.offset);
  view.setUint8(12, message.text.length);
  bytes.set(message.text, TEXT_AT);
  view.setUint16(CRC_AT, crc16(bytes, CRC_AT));
  for (let bit = 0; bit < FRAME_BYTES; bit++) {
    const value = ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
    audio[at + bit] = ((audio[at + bit] ?? 0) & 0xfe) | value;
  }
}

/** The message of the frame that begins exactly at `at`, or `undefined` when none does or its checksum is wrong. */
export function readFrameMessage(audio: Uint8Array, at: number): FrameMessage | undefined {
  if (audio.length - at < FRAME_BYTES || !mayBeginFrame(audio, at)) return undefined;
  const bytes = new Uint8Array(MESSAGE_BYTES);
  for (let index = 0; index < MESSAGE_BYTES; index++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte = (byte << 1) | ((audio[at + index * 8 + bit] ?? 0) & 1);
    bytes[index] = byte;
  }
  const view = new DataView(bytes.buffer);
  const length = view.getUint8(12);
  if (view.getUint16(CRC_AT) !== crc16(bytes, CRC_AT) || length > FRAME_TEXT_BYTES) return undefined;
  return {
    utteranceId: view.getUint32(2),
    index: view.getUint16(6),
    count: view.getUint16(8),
    offset: view.getUint16(10),
    text: bytes.subarray(TEXT_AT, TEXT_AT + length),
  };
}

/** Whether the low bits from `at` on, as far as they are there, read as the beginning of a frame. */
export function mayBeginFrame(audio: Uint8Array, at: number): boolean {
  const bits = Math.min(16, audio.length - at);
  for (let bit = 0; bit < bits; bit++) {
    if (((audio[at + bit] ?? 0) & 1) !== ((MAGIC >> (15 - bit)) & 1)) return false;
  }
  return true;
}

/** CRC-16/CCITT-FALSE. */
function crc16(bytes: Uint8Array, length: number): number {
  let crc = 0xffff;
  for (let index = 0; index < length; index++) crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ (bytes[index] ?? 0)] ?? 0);
  return crc;
}

const CRC_TABLE: Uint16Array = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  return crc;
});
