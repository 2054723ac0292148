/**
 * Simulated speech: audible mu-law that carries its own text, so that what was said, what was heard, loss, disorder and gaps are
 * measured from the audio itself. Every 20 ms frame describes itself in its low bits (speech-frame.ts), sounds like a voice to an energy
 * detector (speech-voice.ts), and is understood again by a Listener however the stream was cut, thinned or shuffled.
 */
import { Fault } from "@struere/kernel";
import { writeFrameMessage } from "./speech-frame.ts";
import { FRAME_BYTES } from "./speech-mulaw.ts";
import { DEFAULT_MS_PER_CHAR, type PlannedFrame, planFrames } from "./speech-plan.ts";
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
  const audio = Uint8Array.from(voiceOf(frames));
  frames.forEach((frame, index) => {
    const text = frame.text === "" ? NO_TEXT : utf8.encode(frame.text);
    writeFrameMessage(audio, index * FRAME_BYTES, { utteranceId, index, count: frames.length, offset: frame.offset, text });
  });
  return audio;
}

const NO_TEXT = new Uint8Array(0);

/** The sound of what was said last: agents say the same sentences again and again. The oldest gives way. */
const voices = new Map<string, Uint8Array>();
const VOICES_KEPT = 64;
/** Of a sentence; what is longer is not kept. */
const KEPT_FRAMES_MAX = 1_500;

function voiceOf(frames: readonly PlannedFrame[]): Uint8Array {
  const sounding: string[] = [];
  for (const { text } of frames) sounding.push(Array.from(text).at(-1) ?? sounding.at(-1) ?? " ");
  const name = sounding.join("");
  const kept = voices.get(name);
  if (kept) return kept;
  const voice = new Uint8Array(frames.length * FRAME_BYTES);
  for (const [index, character] of sounding.entries()) voiceFrame(voice, index * FRAME_BYTES, index * FRAME_BYTES, character);
  if (frames.length > KEPT_FRAMES_MAX) return voice;
  const [oldest] = voices.keys();
  if (voices.size >= VOICES_KEPT && oldest !== undefined) voices.delete(oldest);
  voices.set(name, voice);
  return voice;
}

const utf8 = new TextEncoder();
