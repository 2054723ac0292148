/** The sound of simulated speech: a buzz with a few harmonics whose colour follows the letters and whose loudness follows syllables. */
import { FRAME_BYTES, linearToMulaw } from "./speech-mulaw.ts";

/** 8000 / 64 = 125 Hz, the pitch of a low voice. */
const PERIOD_SAMPLES = 64;
const PEAK = 9_000;
/** Syllables come about four times a second, and dip without ever falling near silence. */
const SYLLABLE_SAMPLES = 1_920;
const SYLLABLE_DIP = 0.45;
/** Between words the voice drops to this part of its loudness: audible as a pause, still far above any detector's threshold. */
const PAUSE_LEVEL = 0.35;

/** Harmonic mixes that sound roughly like different vowels. */
const TIMBRES: readonly Float64Array[] = [
  [1, 0.6, 0.2, 0.1],
  [0.7, 1, 0.3, 0.15],
  [0.6, 0.4, 0.9, 0.3],
  [1, 0.2, 0.1, 0.5],
].map((mix) => {
  const wave = Float64Array.from({ length: PERIOD_SAMPLES }, (_, sample) =>
    mix.reduce((sum, part, harmonic) => sum + part * Math.sin((2 * Math.PI * (harmonic + 1) * sample) / PERIOD_SAMPLES), 0),
  );
  const loudest = wave.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return wave.map((value) => value / loudest);
});

/** Fills one frame of `audio` from `at` with the sound of `character`; `sampleAt` is the frame's place in the utterance, for continuity. */
export function voiceFrame(audio: Uint8Array, at: number, sampleAt: number, character: string): void {
  const pause = /^[\s\p{P}]$/u.test(character);
  const wave = TIMBRES[(character.codePointAt(0) ?? 0) % TIMBRES.length] ?? TIMBRES[0];
  for (let index = 0; index < FRAME_BYTES; index++) {
    const sample = sampleAt + index;
    const syllable = 1 - SYLLABLE_DIP * (0.5 - 0.5 * Math.cos((2 * Math.PI * sample) / SYLLABLE_SAMPLES));
    const level = PEAK * (pause ? PAUSE_LEVEL : syllable);
    audio[at + index] = linearToMulaw(level * (wave?.[sample % PERIOD_SAMPLES] ?? 0));
  }
}
