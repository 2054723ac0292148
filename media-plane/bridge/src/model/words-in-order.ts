/**
 * The vendor sends words and audio of an item side by side, and often the first words before the first audio; the machine learns of an
 * item by its audio. So words wait here until their item sounds. Words of an item that never sounds are nobody's: the end of the
 * response drops them.
 */
import type { ModelNews } from "./model-leg.ts";

type Words = Extract<ModelNews, { readonly type: "model.words_spoken" | "model.words_finished" }>;

/** Of one response, 2,048 tokens at most (session.ts of shared/protocol/openai): more pieces do not come. Beyond, the oldest are dropped. */
const MOST_HELD = 4_096;
const ITEMS_REMEMBERED = 64;

export class WordsInOrder {
  readonly #sounding = new Set<string>();
  #held: Words[] = [];

  /** What can be told now, in order. */
  take(news: ModelNews): readonly ModelNews[] {
    switch (news.type) {
      case "model.words_spoken":
      case "model.words_finished":
        if (this.#sounding.has(news.itemId)) return [news];
        this.#held.push(news);
        if (this.#held.length > MOST_HELD) this.#held.shift();
        return [];
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

  #remember(itemId: string): void {
    this.#sounding.add(itemId);
    const [oldest] = this.#sounding;
    if (this.#sounding.size > ITEMS_REMEMBERED && oldest !== undefined) this.#sounding.delete(oldest);
  }
}
