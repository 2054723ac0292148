/** Recordings that any audio player opens: WAV with mu-law inside (format tag 7), mono or stereo. */
import { SILENCE_BYTE } from "./speech-mulaw.ts";

const SAMPLE_RATE = 8_000;
const FORMAT_MULAW = 7;

/**
 * A WAV file. One channel is mono, two are left and right (say, caller and agent); the shorter one is filled up with silence.
 * @example writeFileSync("call.wav", mulawWav([caller, agent]))
 */
export function mulawWav(channels: readonly [Uint8Array] | readonly [Uint8Array, Uint8Array]): Uint8Array {
  const frames = Math.max(...channels.map((channel) => channel.length));
  const dataBytes = frames * channels.length;
  const file = Buffer.alloc(58 + dataBytes + (dataBytes % 2), 0);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(18, 16);
  file.writeUInt16LE(FORMAT_MULAW, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * channels.length, 28);
  file.writeUInt16LE(channels.length, 32);
  file.writeUInt16LE(8, 34);
  file.write("fact", 38, "latin1");
  file.writeUInt32LE(4, 42);
  file.writeUInt32LE(frames, 46);
  file.write("data", 50, "latin1");
  file.writeUInt32LE(dataBytes, 54);
  for (let frame = 0; frame < frames; frame++) {
    channels.forEach((channel, side) => {
      file[58 + frame * channels.length + side] = channel[frame] ?? SILENCE_BYTE;
    });
  }
  return file;
}
