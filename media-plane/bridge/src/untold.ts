/**
 * What has become known of a call and was not told to its machine yet: how far the agent's audio and words have come, and marks that
 * nothing waits for. Nothing of it calls for a step, so that it is told with the next event. All of it only grows: of each the last is told,
 * so that what waits here stays small however long nothing happens.
 */
import type { Fact } from "@struere/call";
import type { AgentLane } from "./lane/index.ts";
import type { WordsInOrder } from "./model/words-in-order.ts";

export class Untold {
  readonly #agent: AgentLane;
  /** Of the marks that came back, the last one: they come in the order of the audio. */
  #mark: { readonly type: "telephony.marked"; readonly at: number; readonly name: string } | undefined;

  constructor(agent: AgentLane) {
    this.#agent = agent;
  }

  /** A mark has come back. */
  marked(at: number, name: string): void {
    this.#mark = { type: "telephony.marked", at, name };
  }

  /** Everything until now. What was sent comes before the mark that says it was heard. */
  take(at: number, leg: { readonly number: number; readonly words: WordsInOrder } | undefined): readonly Fact[] {
    const facts: Fact[] = [];
    for (const { responseId: _, ...progress } of this.#agent.takeProgress()) facts.push({ type: "lane.progressed", ...progress });
    if (this.#mark !== undefined) facts.push(this.#mark);
    this.#mark = undefined;
    if (leg !== undefined) this.#takeWords(facts, at, leg.number, leg.words);
    return facts;
  }

  #takeWords(facts: Fact[], at: number, leg: number, words: WordsInOrder): void {
    // What has been handed over came before what the lane still has.
    for (const { itemId, text } of words.takeSpoken()) facts.push({ type: "model.words_spoken", at, leg, itemId, text });
    const latest = this.#agent.takeWords();
    if (latest !== undefined) facts.push({ type: "model.words_spoken", at, leg, itemId: latest.itemId, text: latest.text });
  }
}
