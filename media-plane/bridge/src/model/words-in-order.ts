/**
 * The words of the agent's speech on their way to the machine.
 *
 * The vendor sends words and audio of an item side by side, and often the first words before the first audio; the machine learns of an
 * item by its audio. So words wait here until their item sounds. Words of an item that never sounds are nobody's: the end of the
 * response drops them.
 *
 * Words come several times a second and change nothing by themselves: what was spoken is put together here, and told like the lane's
 * progress, before whatever happens next (`takeSpoken`).
 */
import type { ModelNews } from "./model-leg.ts";

type Words = Extract<ModelNews, { readonly type: "model.words_spoken" | "model.words_finished" }>;
type Spoken = Extract<ModelNews, { readonly type: "model.words_spoken" }>;

/** Of one response, 2,048 tokens at most (session.ts of shared/protocol/openai): more pieces do not come. Beyond, the oldest are dropped. */
const MOST_HELD = 4_096;
const ITEMS_REMEMBERED = 64;
/** So much of it is told at once, whatever happens next or not. */
const MOST_SPOKEN_CHARS = 4_096;

export class WordsInOrder {
  readonly #sounding = new Set<string>();
  #held: Words[] = [];
  #spoken: Spoken[] = [];
  #spokenChars = 0;

  /** What is to be told now, in order; after `takeSpoken`. */
  take(news: ModelNews): readonly ModelNews[] {
    switch (news.type) {
      case "model.words_spoken":
        if (!this.#sounding.has(news.itemId)) return this.#hold(news);
        this.#speak(news);
        return this.#spokenChars < MOST_SPOKEN_CHARS ? [] : this.takeSpoken();
      case "model.words_finished":
        return this.#sounding.has(news.itemId) ? [news] : this.#hold(news);
      case "model.audio_started": {
        const { itemId } = news;
        this.#remember(itemId);
        const words = this.#held.filter((held) => held.itemId === itemId);
        this.#held = this.#held.filter((held) => held.itemId !== itemId);
        return [news, ...words];
      }
      case "model.response_done":
        this.#held = [];
        return [news];
      default:
        return [news];
    }
  }

  /** What was spoken since it was last asked for, one piece for an item. */
  takeSpoken(): readonly Spoken[] {
    if (this.#spoken.length === 0) return this.#spoken;
    const spoken = this.#spoken;
    this.#spoken = [];
    this.#spokenChars = 0;
    return spoken;
  }

  #hold(words: Words): readonly ModelNews[] {
    this.#held.push(words);
    if (this.#held.length > MOST_HELD) this.#held.shift();
    return [];
  }

  #speak({ type, itemId, text }: Spoken): void {
    const last = this.#spoken.at(-1);
    if (last?.itemId === itemId) this.#spoken.splice(-1, 1, { type, itemId, text: last.text + text });
    else this.#spoken.push({ type, itemId, text });
    this.#spokenChars += text.length;
  }

  #remember(itemId: string): void {
    this.#sounding.add(itemId);
    const [oldest] = this.#sounding;
    if (this.#sounding.size > ITEMS_REMEMBERED && oldest !== undefined) this.#sounding.delete(oldest);
  }
}
