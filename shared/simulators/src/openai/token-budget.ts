import { FRAME_MS } from "../speech.ts";
import { assistantAudioTokens, textTokens } from "./usage.ts";

/** What `max_output_tokens` leaves to say. */
export class TokenBudget {
  /** More was wanted than allowed: the response ends incomplete. */
  spent = false;
  #left: number;

  constructor(limit: number | "inf") {
    this.#left = limit === "inf" ? Number.POSITIVE_INFINITY : limit;
  }

  /** How many of the `frames` that speak `text` are allowed. */
  spendSpeech(text: string, frames: number): number {
    if (this.spent) return 0;
    const audioTokens = Math.max(0, this.#left - textTokens(text));
    this.#left -= textTokens(text) + assistantAudioTokens(frames * FRAME_MS);
    if (this.#left >= 0) return frames;
    this.spent = true;
    return Math.min(frames, Math.floor((audioTokens * 50) / FRAME_MS));
  }
}
