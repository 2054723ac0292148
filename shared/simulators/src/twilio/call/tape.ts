/** What a phone said and heard, frame by frame, side by side: for recordings, and for measuring who sounded when. */
import { FRAME_BYTES, FRAME_MS, isVoiced, SILENCE_BYTE } from "../../speech-mulaw.ts";
import { mulawWav } from "../../speech-wav.ts";

export interface Sound {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Tape {
  /** Milliseconds since the call was placed at which the tape begins: when it was answered. */
  readonly startsAtMs: number;
  readonly durationMs: number;
  /** Caller left, agent as heard right. */
  wav(): Uint8Array;
  /** When somebody sounded, on the clock of the timeline; pauses shorter than `gapMs` are bridged. */
  sounds(side: "caller" | "agent", options?: { readonly gapMs?: number }): readonly Sound[];
}

/** Longer calls are recorded no further: 16 kB a second for both sides. */
const MAX_FRAMES = (60 * 60_000) / FRAME_MS;
const GAP_MS = 160;

export class TapeRecorder implements Tape {
  startsAtMs = 0;
  readonly #caller: (Uint8Array | null)[] = [];
  readonly #agent: (Uint8Array | null)[] = [];

  /** One step of 20 ms; null is silence. */
  add(caller: Uint8Array | null, agent: Uint8Array | null, atMs: number): void {
    if (this.#caller.length === 0) this.startsAtMs = atMs;
    if (this.#caller.length >= MAX_FRAMES) return;
    this.#caller.push(caller);
    this.#agent.push(agent);
  }

  get durationMs(): number {
    return this.#caller.length * FRAME_MS;
  }

  wav(): Uint8Array {
    return mulawWav([joined(this.#caller), joined(this.#agent)]);
  }

  sounds(side: "caller" | "agent", { gapMs = GAP_MS } = {}): readonly Sound[] {
    const frames = side === "caller" ? this.#caller : this.#agent;
    const sounds: { fromMs: number; toMs: number }[] = [];
    frames.forEach((frame, index) => {
      if (frame === null || !isVoiced(frame)) return;
      const fromMs = this.startsAtMs + index * FRAME_MS;
      const last = sounds.at(-1);
      if (last && fromMs - last.toMs < gapMs) last.toMs = fromMs + FRAME_MS;
      else sounds.push({ fromMs, toMs: fromMs + FRAME_MS });
    });
    return sounds;
  }
}

function joined(frames: readonly (Uint8Array | null)[]): Uint8Array {
  const audio = new Uint8Array(frames.length * FRAME_BYTES).fill(SILENCE_BYTE);
  frames.forEach((frame, index) => frame && audio.set(frame, index * FRAME_BYTES));
  return audio;
}
