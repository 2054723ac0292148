/** Recordings that any audio player opens: WAV with mu-law inside (format tag 7), mono or stereo. */
import { mulawWavHeader } from "@struere/protocol/twilio";
import { SILENCE_BYTE } from "./speech-mulaw.ts";

/**
 * A WAV file. One channel is mono, two are left and right (say, caller and agent); the shorter one is filled up with silence.
 * @example writeFileSync("call.wav", mulawWav([caller, agent]))
 */
export function mulawWav(channels: readonly [Uint8Array] | readonly [Uint8Array, Uint8Array]): Uint8Array {
  const samples = Math.max(...channels.map((channel) => channel.length));
  const header = mulawWavHeader({ samples, channels: channels.length });
  const dataBytes = samples * channels.length;
  const file = Buffer.alloc(header.length + dataBytes + (dataBytes % 2), 0);
  file.set(header);
  for (let sample = 0; sample < samples; sample++) {
    channels.forEach((channel, side) => {
      file[header.length + sample * channels.length + side] = channel[sample] ?? SILENCE_BYTE;
    });
  }
  return file;
}
