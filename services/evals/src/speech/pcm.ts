/** Samples of any rate as a phone line carries them: 8 kHz mu-law in whole frames. */
import { FRAME_BYTES, linearToMulaw, SILENCE_BYTE } from "@struere/simulators";

const LINE_RATE = 8_000;

export function mulawOf({ samples, rate }: { readonly samples: Int16Array; readonly rate: number }): Uint8Array {
  const count = Math.floor((samples.length * LINE_RATE) / rate);
  const audio = new Uint8Array(Math.ceil(count / FRAME_BYTES) * FRAME_BYTES).fill(SILENCE_BYTE);
  const step = rate / LINE_RATE;
  for (let index = 0; index < count; index++) {
    // The mean over the span that becomes one sample keeps what is too high for the line from folding back into it.
    const from = Math.floor(index * step);
    const to = Math.max(from + 1, Math.min(samples.length, Math.floor((index + 1) * step)));
    let sum = 0;
    for (let at = from; at < to; at++) sum += samples[at] ?? 0;
    audio[index] = linearToMulaw(sum / (to - from));
  }
  return audio;
}
