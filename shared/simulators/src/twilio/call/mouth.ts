import { FRAME_BYTES } from "../../speech.ts";

type Speech = { readonly audio: Uint8Array; offset: number; readonly done: (spoken: boolean) => void };

/** The microphone side of a phone: utterances wait in line and leave frame by frame with the call's clock. */
export class Mouth {
  #line: Speech[] = [];
  #closed = false;

  get isSpeaking(): boolean {
    return this.#line.length > 0;
  }

  /** The next frame is the first one of an utterance. */
  get isBeginning(): boolean {
    return this.#line[0]?.offset === 0;
  }

  /** Resolves true when the last frame has left, false when the call ended before. `audio`: whole frames of mu-law. */
  speak(audio: Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (audio.length === 0) return Promise.resolve(true);
    return new Promise((done) => this.#line.push({ audio, offset: 0, done }));
  }

  /** The frame of this step, or null for silence. */
  nextFrame(): Uint8Array | null {
    const speech = this.#line[0];
    if (speech === undefined) return null;
    const frame = speech.audio.subarray(speech.offset, speech.offset + FRAME_BYTES);
    speech.offset += FRAME_BYTES;
    if (speech.offset >= speech.audio.length) {
      this.#line.shift();
      speech.done(true);
    }
    return frame;
  }

  close(): void {
    this.#closed = true;
    const unspoken = this.#line;
    this.#line = [];
    for (const speech of unspoken) speech.done(false);
  }
}
