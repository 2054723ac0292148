/**
 * Simulated speech: audible mu-law that carries its own text, so that what was said, what was heard, loss, disorder and gaps are
 * measured from the audio itself. Every 20 ms frame describes itself in its low bits (speech-frame.ts), sounds like a voice to an energy
 * detector (speech-voice.ts), and is understood again by a Listener however the stream was cut, thinned or shuffled.
 */
import { Fault } from "@struere/kernel";
import { writeFrameMessage } from "./speech-frame.ts";
import { FRAME_BYTES } from "./speech-mulaw.ts";
import { DEFAULT_MS_PER_CHAR, planFrames } from "./speech-plan.ts";
import { voiceFrame } from "./speech-voice.ts";

export { GAP_MARK, listen, Listener, type Utterance } from "./speech-listener.ts";
export {
  BYTES_PER_MS,
  FRAME_BYTES,
  FRAME_MS,
  isVoiced,
  linearToMulaw,
  MULAW_TO_LINEAR,
  mulawToLinear,
  rms,
  silence,
  SILENCE_BYTE,
  VOICED_RMS,
} from "./speech-mulaw.ts";
export { DEFAULT_MS_PER_CHAR, textSpokenBy } from "./speech-plan.ts";
export { mulawWav } from "./speech-wav.ts";

let lastUtteranceId = 0;

/**
 * An utterance as mu-law audio; its length is a multiple of 160 bytes. Empty text is no audio at all.
 * Without `utteranceId` (32 bit, unsigned) the next one of this process is taken; whoever listens tells utterances apart by it.
 * Faults: invalid_argument when the text is longer than about 20 minutes of speech.
 * @example new Listener().hear(speak("Good morning."), 0)
 */
export function speak(text: string, options: { readonly utteranceId?: number; readonly msPerChar?: number } = {}): Uint8Array {
  const frames = planFrames(text, options.msPerChar ?? DEFAULT_MS_PER_CHAR);
  const utteranceId = options.utteranceId ?? ++lastUtteranceId;
  if (!Number.isInteger(utteranceId) || utteranceId < 0 || utteranceId > 0xffff_ffff) {
    throw new Fault("invalid_argument", `utteranceId is ${utteranceId}; it must be an integer from 0 to 4294967295`);
  }
  const audio = new Uint8Array(frames.length * FRAME_BYTES);
  let sounding = " ";
  frames.forEach((frame, index) => {
    sounding = Array.from(frame.text).at(-1) ?? sounding;
    const at = index * FRAME_BYTES;
    voiceFrame(audio, at, at, sounding);
    writeFrameMessage(audio, at, { utteranceId, index, count: frames.length, offset: frame.offset, text: utf8.encode(frame.text) });
  });
  return audio;
}

const utf8 = new TextEncoder();
