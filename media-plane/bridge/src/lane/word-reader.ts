/**
 * The words of the agent's speech on their way past the audio lane: `response.output_audio_transcript.delta` events
 * (https://platform.openai.com/docs/api-reference/realtime-server-events). They come several times a second for each call, so that they are
 * read without being parsed, and those of the item that sounds are kept until somebody asks for them.
 */
import { equals, FlatObject, isOtherwise } from "./flat-object.ts";
import type { Item } from "./item.ts";

/** A piece of an item's transcript, as the model sent it, or several of them put together. */
export interface SpokenWords {
  readonly responseId: string;
  readonly itemId: string;
  readonly text: string;
}

/** More characters than these are handed over, whether somebody asks for them or not. */
const MOST_KEPT = 4_096;

/** How every event of the model begins. */
export const TYPE_OPENING = Buffer.from('{"type":"');
const WORDS = Buffer.from("response.output_audio_transcript.delta");

/** One scan at a time in a process: shared, because a scan does not outlive the call to `take`. */
const message = new FlatObject({ strings: ["type", "response_id", "item_id", "delta"] });

export class WordReader {
  readonly #hand: (words: SpokenWords) => void;
  #text = "";
  /** Whose words `#text` is. */
  #of: Item | undefined;

  /** @param hand gets words that are not kept, and kept ones before anything overtakes them. */
  constructor(hand: (words: SpokenWords) => void) {
    this.#hand = hand;
  }

  /**
   * Takes the message `bytes[start, end)`.
   * @param sounding the item whose words are kept
   * @returns false when it is not plainly a piece of transcript
   */
  take(bytes: Buffer, start: number, end: number, sounding: Item | undefined): boolean {
    if (isOtherwise(bytes, start, TYPE_OPENING, WORDS) || message.scan(bytes, start, end) !== end) return false;
    const { starts, ends } = message;
    if (!equals(bytes, starts[0] ?? -1, ends[0] ?? -1, WORDS)) return false;
    if ((starts[1] ?? -1) < 0 || (starts[2] ?? -1) < 0 || (starts[3] ?? -1) < 0) return false;
    const text = bytes.toString("latin1", starts[3] ?? 0, ends[3] ?? 0);
    if (sounding !== undefined && sounding.isCalled(bytes, starts[1] ?? 0, ends[1] ?? 0, starts[2] ?? 0, ends[2] ?? 0)) {
      if (this.#of !== sounding) this.handOver();
      this.#of = sounding;
      this.#text += text;
      if (this.#text.length >= MOST_KEPT) this.handOver();
      return true;
    }
    const responseId = bytes.toString("latin1", starts[1] ?? 0, ends[1] ?? 0);
    const itemId = bytes.toString("latin1", starts[2] ?? 0, ends[2] ?? 0);
    if (responseId === "" || itemId === "") return false;
    this.handOver();
    this.#hand({ responseId, itemId, text });
    return true;
  }

  /** What is kept, which is forgotten. */
  takeAll(): SpokenWords | undefined {
    const item = this.#of;
    if (item === undefined) return undefined;
    const text = this.#text;
    this.#text = "";
    this.#of = undefined;
    return { responseId: item.responseId, itemId: item.id, text };
  }

  /** Before other words, and before messages, which may be words that are not plainly spelt: they stay in the order in which they came. */
  handOver(): void {
    const words = this.takeAll();
    if (words !== undefined) this.#hand(words);
  }
}
