/** The "when" half of a rule, and whether it holds for what was said. */
import { contentWords, isQuestion, overlap, quoteIn } from "./sentences.ts";

export type Condition =
  /** The caller talks about one of these. `asks`: and wants something, rather than answering a question. */
  | { readonly on: "topic"; readonly phrases: readonly string[]; readonly topics: readonly ReadonlySet<string>[]; readonly asks: boolean }
  | { readonly on: "keys"; readonly digits: string }
  | { readonly on: "agrees" | "disagrees" | "changes" | "complete" | "farewell" | "otherwise" };

const WHO = String.raw`(?:the\s+|a\s+)?(?:caller|user|customer|person|patient|guest|client|somebody|someone|anybody|anyone|they|he|she|people)`;
const SPECIAL: readonly (readonly [RegExp, Exclude<Condition["on"], "topic" | "keys">])[] = [
  [
    new RegExp(
      String.raw`${WHO}\s+(?:says?\s+(?:good)?bye|wants?\s+to\s+(?:go|end|hang up|finish)|has\s+no\s+(?:more|further|other)\s+questions?|is\s+(?:done|finished)|needs?\s+nothing)`,
      "i",
    ),
    "farewell",
  ],
  [/\b(?:conversation|call) is (?:over|finished|done)\b/i, "farewell"],
  [new RegExp(String.raw`${WHO}\s+(?:agrees?|confirms?|says?\s+yes|accepts?|approves?)`, "i"), "agrees"],
  [new RegExp(String.raw`${WHO}\s+(?:disagrees?|says?\s+no|declines?|refuses?)`, "i"), "disagrees"],
  [new RegExp(String.raw`${WHO}\s+(?:changes?|corrects?)\b`, "i"), "changes"],
  [
    /\byou (?:have|know|got)\s+(?:all|everything|it all|both|the answers|them)\b|\b(?:everything|all (?:fields|details|of it|of them)) (?:is|are) (?:known|there|complete|given)\b/i,
    "complete",
  ],
  [
    /\byou (?:do not|don't|can not|cannot|can't) (?:know|help|answer)\b|\bin (?:all|any) other cases?\b|\bnothing else (?:fits|applies)\b/i,
    "otherwise",
  ],
];
const TOPIC = new RegExp(
  String.raw`${WHO}(?:'s question is)?\s+(?<verb>asks?|wants?|would like|needs?|says?|mentions?|complains?|talks?|speaks?|has|reports?|is asking|is calling|calls?|is|are|feels?|sounds?)\b\s*(?<topic>.+)$`,
  "i",
);
const ABOUT = /^(?:questions|calls|requests|anything|everything) about\s+(?<topic>.+)$/i;
const KEYS = new RegExp(String.raw`${WHO}\s+press(?:es)?\s+(?:the\s+)?(?:keys?\s+)?(?:§(?<quote>\d+)§|(?<digits>[0-9*#]+))`, "i");

export function conditionOf(text: string, quotes: readonly string[]): Condition | undefined {
  const special = SPECIAL.find(([pattern]) => pattern.test(text));
  if (special) return { on: special[1] };
  const keys = KEYS.exec(text)?.groups;
  if (keys) return { on: "keys", digits: keys["digits"] ?? quotes[Number(keys["quote"])] ?? "" };
  const found = TOPIC.exec(text)?.groups ?? ABOUT.exec(text)?.groups;
  if (!found) return undefined;
  const alternatives = (found["topic"] ?? "").split(/,\s*(?:or\s+)?|\s+or\s+/i).filter((one) => one.trim() !== "");
  const phrases = alternatives.flatMap((one) => quoteIn(one, quotes) ?? []);
  const topics = alternatives
    .filter((one) => quoteIn(one, quotes) === undefined)
    .map(contentWords)
    .filter((words) => words.size > 0);
  if (phrases.length + topics.length === 0) return undefined;
  return {
    on: "topic",
    phrases,
    topics,
    asks: !/^(?:says?|mentions?|reports?|complains?|has|is|are|feels?|sounds?)$/i.test(found["verb"] ?? "asks"),
  };
}

const ENOUGH = 0.5;

/** 0: it does not hold. The more of the topic was said, the higher. */
export function fit(condition: Condition, said: string, answering: boolean): number {
  if (condition.on === "keys")
    return /\[The caller pressed these keys on the phone: ([0-9*#]+)\]/.exec(said)?.[1] === condition.digits ? 2 : 0;
  if (condition.on !== "topic") return 0;
  const lower = said.toLowerCase();
  if (condition.phrases.some((phrase) => lower.includes(phrase.toLowerCase()))) return 2;
  // Who was asked for a reason and says "an appointment" has answered.
  if (answering && condition.asks && !isQuestion(said)) return 0;
  const words = contentWords(said);
  const best = Math.max(0, ...condition.topics.map((topic) => overlap(topic, words)));
  return best >= ENOUGH ? best : 0;
}

export const FAREWELL = /\b(?:good ?bye|bye|that(?: is|'s|’s| was) (?:all|it|everything)|nothing else|no,? thank(?:s| you))\b/i;
export const AGREES =
  /^(?:oh[, ]+)?(?:yes|yeah|yep|correct|right|exactly|sure|ok|okay|that(?: is|'s|’s) (?:right|correct)|please do|sounds good|perfect|fine)\b/i;
export const DISAGREES = /^(?:no|nope|not (?:quite|really)|that(?: is|'s|’s) (?:wrong|not right))\b/i;
