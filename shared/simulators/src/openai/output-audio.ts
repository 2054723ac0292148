import { mulawToLinear } from "../speech.ts";
import type { AudioFormat } from "./client-event.ts";

/** Mu-law audio as the session's output format, in base64. PCM is 24 kHz, 16 bit, little endian: three samples for each of ours. */
export function encodeAudio(mulaw: Uint8Array, format: AudioFormat): string {
  if (format.type !== "audio/pcm") return Buffer.from(mulaw).toString("base64");
  const pcm = Buffer.alloc(mulaw.length * 6);
  mulaw.forEach((byte, index) => {
    for (let copy = 0; copy < 3; copy++) pcm.writeInt16LE(mulawToLinear(byte), index * 6 + copy * 2);
  });
  return pcm.toString("base64");
}
