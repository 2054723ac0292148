/**
 * What has become known of a call and was not told to its machine yet: how far the agent's audio and words have come, and marks that
 * nothing waits for. Nothing of it calls for a step, so that it is told with the next event, in the order in which it became known.
 */
import type { Fact } from "@struere/call";
import type { AgentLane } from "./lane/index.ts";
import type { WordsInOrder } from "./model/words-in-order.ts";

const NOTHING: readonly Fact[] = [];

export class Untold {
  readonly #agent: AgentLane;
  #facts: Fact[] = [];

  constructor(agent: AgentLane) {
    this.#agent = agent;
  }

  /** A mark has come back. What was sent by then comes before it. */
  marked(at: number, name: string): void {
    this.#lookAtAudio(at);
    this.#facts.push({ type: "telephony.marked", at, name });
  }

  /** Everything until now. */
  take(at: number, leg: { readonly number: number; readonly words: WordsInOrder } | undefined): readonly Fact[] {
    this.#lookAtAudio(at);
    if (leg !== undefined) this.#lookAtWords(at, leg.number, leg.words);
    if (this.#facts.length === 0) return NOTHING;
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  #lookAtWords(at: number, leg: number, words: WordsInOrder): void {
    // What has been handed over came before what the lane still has.
    for (const { itemId, text } of words.takeSpoken()) this.#facts.push({ type: "model.words_spoken", at, leg, itemId, text });
    const latest = this.#agent.takeWords();
    if (latest !== undefined) this.#facts.push({ type: "model.words_spoken", at, leg, itemId: latest.itemId, text: latest.text });
  }

  #lookAtAudio(at: number): void {
    for (const { itemId, generatedMs, sentMs, finished } of this.#agent.takeProgress()) {
      this.#facts.push({ type: "lane.progressed", at, itemId, generatedMs, sentMs, finished });
    }
  }
}
