/**
 * The loudspeaker side of a phone. Only frames that were really played reach it, so what it understands is what was heard, to 20 ms.
 */
import { ToneEar } from "./tone-ear.ts";
import { FRAME_MS, isVoiced, Listener, type Utterance } from "../../speech.ts";

/** One utterance as it was heard. Times are milliseconds since the call was placed. */
export type HeardUtterance = {
  readonly utteranceId: number;
  readonly text: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Audio heard and the whole length of the utterance. */
  readonly heardMs: number;
  readonly totalMs: number;
  /** Every frame of it was heard. */
  readonly complete: boolean;
  /** How often the server had cleared the stream before; see `MediaStream.generation`. */
  readonly generation: number;
  readonly streamSid: string;
};

type Open = {
  readonly utteranceId: number;
  readonly generation: number;
  readonly streamSid: string;
  readonly totalFrames: number;
  frames: number;
};

export type EarOptions = {
  readonly onStarted: (utteranceId: number) => void;
  /** A key was heard as a tone. */
  readonly onKey: (key: string) => void;
  readonly onFinished: (utterance: HeardUtterance) => void;
};

export class Ear {
  readonly #options: EarOptions;
  readonly #closed: HeardUtterance[] = [];
  #listener = new Listener();
  #open: Open[] = [];
  /** Whether speech sounded in the last step. */
  isSounding = false;
  /** Keys heard as tones, in the order in which they were pressed. */
  keys = "";
  readonly #toneEar = new ToneEar();
  /** Frames heard that carried no simulated speech: a real voice, a tone. */
  strangeFrames = 0;

  constructor(options: EarOptions) {
    this.#options = options;
  }

  /** Everything heard so far in the order in which it began, the utterance that sounds now included. */
  get heard(): readonly HeardUtterance[] {
    return this.#open.length === 0 ? this.#closed : [...this.#closed, ...this.#open.map((open) => this.#snapshot(open))];
  }

  /** Utterances that were heard to their end or cut. */
  get finished(): readonly HeardUtterance[] {
    return this.#closed;
  }

  /** A frame that sounds from `atMs` on. */
  hear(frame: Uint8Array, atMs: number, from: { readonly generation: number; readonly streamSid: string }): void {
    this.isSounding = isVoiced(frame);
    const ids = this.#listener.hear(frame, atMs);
    if (ids.length === 0) this.strangeFrames++;
    const key = this.#toneEar.hear(ids.length === 0 ? frame : null);
    if (key !== null) {
      this.keys += key;
      this.#options.onKey(key);
    }
    for (const id of ids) {
      let open = this.#open.find((each) => each.utteranceId === id);
      if (open === undefined) {
        const totalFrames = this.#listener.utterance(id)?.totalFrames ?? 0;
        open = { utteranceId: id, totalFrames, frames: 0, ...from };
        this.#open.push(open);
        this.#options.onStarted(id);
      }
      // Looking into the listener costs as much as the utterance is long, so only the last frame does it.
      if (++open.frames >= open.totalFrames && this.#listener.utterance(id)?.complete === true) this.#finish(open);
    }
  }

  /** What sounds now is cut: the stream was cleared or has ended. */
  cut(): void {
    this.isSounding = false;
    for (const open of this.#open) this.#finish(open);
    this.#listener = new Listener();
  }

  /** Nothing is due to be played: between utterances what was understood can be put away. */
  rest(): void {
    this.isSounding = false;
    this.#toneEar.hear(null);
    if (this.#open.length === 0 && this.#listener.utterances.length > 0) this.#listener = new Listener();
  }

  #finish(open: Open): void {
    const utterance = this.#snapshot(open);
    this.#open = this.#open.filter((each) => each !== open);
    this.#closed.push(utterance);
    this.#options.onFinished(utterance);
  }

  #snapshot(open: Open): HeardUtterance {
    const utterance: Utterance | undefined = this.#listener.utterance(open.utteranceId);
    return {
      utteranceId: open.utteranceId,
      text: utterance?.text ?? "",
      fromMs: utterance?.firstAtMs ?? 0,
      toMs: utterance?.lastAtMs ?? 0,
      heardMs: (utterance?.framesHeard ?? 0) * FRAME_MS,
      totalMs: open.totalFrames * FRAME_MS,
      complete: utterance?.complete ?? false,
      generation: open.generation,
      streamSid: open.streamSid,
    };
  }
}
