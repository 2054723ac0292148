/** A prompt as sentences. What stands in quotation marks is taken out first: it is said as it is, and its full stops end no sentence. */

export interface Prose {
  /** One sentence, without its full stop; `§0§` stands for the first quotation. */
  readonly text: string;
  readonly quotes: readonly string[];
}

const QUOTED = /["“«]([^"”»\n]+)["”»]/g;
const BULLET = /^\s*(?:[-*•]|\d+[.)])\s+/;

export function sentencesOf(instructions: string): readonly Prose[] {
  return instructions.split("\n").flatMap((line) => {
    if (/^\s*#/.test(line)) return [];
    const quotes: string[] = [];
    const plain = line.replace(BULLET, "").replace(QUOTED, (_, quoted: string, at: number, whole: string) => {
      quotes.push(quoted.trim());
      const token = `§${quotes.length - 1}§`;
      // A quotation that ends in a full stop ends the sentence too, when another one begins after it.
      const rest = whole.slice(at + quoted.length + 2);
      return /[.!?…]$/.test(quoted.trim()) && /^\s+\p{Lu}/u.test(rest) ? `${token}.` : token;
    });
    return plain
      .split(/(?<=[.!?])\s+/)
      .map((text) => ({ text: text.trim().replace(/[.!]+$/, ""), quotes }))
      .filter(({ text }) => /\p{L}|§/u.test(text));
  });
}

/** The quotation that a piece of a sentence holds. */
export function quoteIn(piece: string, quotes: readonly string[]): string | undefined {
  const index = /§(\d+)§/.exec(piece)?.[1];
  return index === undefined ? undefined : quotes[Number(index)];
}

/** As it was written. */
export function withQuotes({ text, quotes }: Prose): string {
  return text.replaceAll(/§(\d+)§/g, (_, index: string) => `"${quotes[Number(index)] ?? ""}"`);
}

const EMPTY_WORDS = new Set(
  (
    "a an the this that these those it its is are was were be been am do does did has have had will would can could may might shall should must i you he she we they me him " +
    "her us them my your his our their mine yours who whom whose what which when where why how if whether about for from to of on in at by with as and or but not no any some " +
    "one there here please something anything like want need know tell ask say get give question questions information info hello hi good morning ok okay yes"
  ).split(" "),
);

/** What a text is about: its words without the empty ones and without endings. */
export function contentWords(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !EMPTY_WORDS.has(word)).map(stem));
}

function stem(word: string): string {
  if (word.length < 4) return word;
  return word.replace(/(?:ing|ed|ies|s)$/, "").replace(/[ey]$/, "");
}

/** How much of `topic` is in `utterance`, 0 to 1. */
export function overlap(topic: ReadonlySet<string>, utterance: ReadonlySet<string>): number {
  if (topic.size === 0) return 0;
  return [...topic].filter((word) => utterance.has(word)).length / topic.size;
}

export const isQuestion = (text: string): boolean =>
  /\?/.test(text) ||
  /^(?:what|which|when|where|who|why|how|can|could|do|does|is|are|may|will|would|tell me|i(?:'d| would) like to know)\b/i.test(text.trim());
