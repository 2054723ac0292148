/**
 * The input audio buffer with voice activity detection. Pure: all times count appended audio, never a clock, as the vendor's
 * `audio_start_ms` and `audio_end_ms` do. What is said is read from the low bits of the audio; real voices are heard as noise.
 */
import { FRAME_BYTES, FRAME_MS, GAP_MARK, isVoiced, Listener, VOICED_RMS } from "../speech.ts";
import type { AudioFormat } from "./client-event.ts";
import type { TurnDetection } from "./session-config.ts";

/** A stretch of audio that becomes a user item. */
export interface Stretch {
  /** What a listener understands of it; `""` when nothing. */
  readonly understood: string;
  readonly audioMs: number;
}

export type VoiceActivity =
  | { readonly type: "started"; readonly audioStartMs: number }
  | { readonly type: "stopped"; readonly audioEndMs: number; readonly stretch: Stretch };

/** Speech begins after so much unbroken voice, so that a click is not a turn. */
const ONSET_FRAMES = 3;
/** Semantic VAD: the wait after a finished thought, and the most it waits after an unfinished one (vendor: 8, 4 and 2 s). */
const SEMANTIC_WAIT_MS = {
  low: { finished: 900, unfinished: 8_000 },
  medium: { finished: 600, unfinished: 4_000 },
  auto: { finished: 600, unfinished: 4_000 },
  high: { finished: 300, unfinished: 2_000 },
} as const;
const UNFINISHED = /(?:,|;|:|-|…|\.\.\.|\b(?:and|or|but|so|because|the|a|um|uh|er))\s*$/i;

export class InputBuffer {
  /** All audio appended in this session. */
  appendedMs = 0;
  #format: AudioFormat["type"] = "audio/pcm";
  #remainder: Uint8Array = new Uint8Array(0);
  #speaking = false;
  #onsetFrames = 0;
  #silentMs = 0;
  /** The newest frames before speech, which belong to the turn as its prefix. */
  #prefix: Uint8Array[] = [];
  #listener = new Listener();
  #stretchMs = 0;

  /** The caller is speaking: a turn has begun and not ended. */
  get speaking(): boolean {
    return this.#speaking;
  }

  append(audio: Uint8Array, format: AudioFormat["type"], turnDetection: TurnDetection | null): readonly VoiceActivity[] {
    if (format !== this.#format) this.#remainder = new Uint8Array(0);
    this.#format = format;
    const bytes = this.#remainder.length === 0 ? audio : Buffer.concat([this.#remainder, audio]);
    const frameBytes = format === "audio/pcm" ? FRAME_BYTES * 6 : FRAME_BYTES;
    const activity: VoiceActivity[] = [];
    let at = 0;
    for (; at + frameBytes <= bytes.length; at += frameBytes) {
      const news = this.#hearFrame(bytes.subarray(at, at + frameBytes), turnDetection);
      if (news) activity.push(news);
    }
    this.#remainder = Uint8Array.from(bytes.subarray(at));
    return activity;
  }

  /** Takes what is uncommitted, and starts anew. */
  take(): Stretch {
    const stretch = { understood: understood(this.#listener), audioMs: this.#stretchMs };
    this.clear();
    return stretch;
  }

  clear(): void {
    this.#speaking = false;
    this.#onsetFrames = 0;
    this.#silentMs = 0;
    this.#prefix = [];
    this.#listener = new Listener();
    this.#stretchMs = 0;
  }

  #hearFrame(frame: Uint8Array, turnDetection: TurnDetection | null): VoiceActivity | undefined {
    const startMs = this.appendedMs;
    this.appendedMs += FRAME_MS;
    const voiced = this.#isVoiced(frame, turnDetection?.type === "server_vad" ? turnDetection.threshold : 0.5);
    if (turnDetection === null || this.#speaking) this.#keep(frame, startMs);
    if (turnDetection === null) return undefined;
    return this.#speaking ? this.#awaitSilence(voiced, turnDetection) : this.#awaitVoice(frame, voiced, turnDetection);
  }

  #awaitVoice(frame: Uint8Array, voiced: boolean, turnDetection: TurnDetection): VoiceActivity | undefined {
    const prefixMs = turnDetection.type === "server_vad" ? turnDetection.prefix_padding_ms : 300;
    this.#prefix.push(Uint8Array.from(frame));
    this.#prefix.splice(0, this.#prefix.length - (ONSET_FRAMES + Math.ceil(prefixMs / FRAME_MS)));
    this.#onsetFrames = voiced ? this.#onsetFrames + 1 : 0;
    if (this.#onsetFrames < ONSET_FRAMES) return undefined;
    const prefix = this.#prefix;
    const audioStartMs = this.appendedMs - prefix.length * FRAME_MS;
    this.clear();
    this.#speaking = true;
    prefix.forEach((kept, index) => this.#keep(kept, audioStartMs + index * FRAME_MS));
    return { type: "started", audioStartMs };
  }

  #awaitSilence(voiced: boolean, turnDetection: TurnDetection): VoiceActivity | undefined {
    this.#silentMs = voiced ? 0 : this.#silentMs + FRAME_MS;
    if (this.#silentMs === 0 || this.#silentMs < waitMs(turnDetection, this.#listener)) return undefined;
    return { type: "stopped", audioEndMs: this.appendedMs, stretch: this.take() };
  }

  #keep(frame: Uint8Array, atMs: number): void {
    this.#stretchMs += FRAME_MS;
    if (this.#format === "audio/pcmu") this.#listener.hear(frame, atMs);
  }

  #isVoiced(frame: Uint8Array, threshold: number): boolean {
    if (this.#format !== "audio/pcm") return isVoiced(frame, threshold);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    let sum = 0;
    for (let at = 0; at + 1 < frame.byteLength; at += 2) sum += view.getInt16(at, true) ** 2;
    return Math.sqrt(sum / (frame.byteLength / 2)) > threshold * 2 * VOICED_RMS;
  }
}

function waitMs(turnDetection: TurnDetection, listener: Listener): number {
  if (turnDetection.type === "server_vad") return turnDetection.silence_duration_ms;
  const wait = SEMANTIC_WAIT_MS[turnDetection.eagerness];
  return UNFINISHED.test(understood(listener)) ? wait.unfinished : wait.finished;
}

/** A turn may begin in the middle of an utterance: what came before it is another turn's, not a gap. */
function understood(listener: Listener): string {
  return listener.utterances
    .map((utterance) => (utterance.text.startsWith(GAP_MARK) ? utterance.text.slice(GAP_MARK.length) : utterance.text))
    .join(" ")
    .trim();
}
