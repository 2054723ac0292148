/** What a rule tells the agent to ask for, how it is asked, and what an answer is worth. */

export interface Slot {
  /** As the prompt calls it: `day`, `phone number`. */
  readonly label: string;
  /** The field of an entity or of a tool's arguments: `day`, `phoneNumber`. */
  readonly key: string;
  readonly question: string;
}

/** `name, reason, and a day that suits` → three slots. */
export function slotsOf(list: string): readonly Slot[] {
  const items = list.includes(":") ? list.slice(list.indexOf(":") + 1) : list;
  return items
    .split(/,\s*(?:and\s+|then\s+)?|\s+and\s+(?:then\s+)?/i)
    .map(labelOf)
    .filter((label) => label !== "")
    .map(slot);
}

function labelOf(item: string): string {
  return item
    .trim()
    .replace(
      /^(?:(?:for|the|a|an|their|his|her|its|your|caller's|customer's|patient's|guest's|full|whole|which|what|how many|number of)\s+)+/i,
      "",
    )
    .replace(/\s+(?:that|which|who|they|he|she|for|of|to|when|where|in|on|suits?|is|are|first|next|last)\b.*$/i, "")
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .toLowerCase();
}

export function slot(label: string): Slot {
  const [first = "", ...rest] = label.split(/[ _-]+/);
  const key = first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return { label, key, question: questionFor(label) };
}

const QUESTIONS: readonly (readonly [RegExp, string])[] = [
  [/^name$/, "What is your name?"],
  [/^(?:reason|problem|concern|matter)$/, "What is it about?"],
  [/^(?:day|date)$/, "Which day suits you?"],
  [/^time$/, "At what time?"],
  [/^(?:people|persons|guests|seats)$/, "For how many people?"],
];

function questionFor(label: string): string {
  return QUESTIONS.find(([pattern]) => pattern.test(label))?.[1] ?? `What is your ${label}?`;
}

const LEAD_IN =
  /^(?:(?:yes|no|well|um+|uh+|okay|ok|sure|so|oh|please|thank you|thanks|sorry|actually|it is|it's|it would be|that is|that's|that would be|this is|i am|i'm|the|my|name is|is|i would like|i'd like|i want|i have|i need|on|for|because of|about|make it|rather|a|an)\b[\s,.:!-]*)+/i;

/** What an answer says, as a value for the field. `today`: `2026-11-25`, where the prompt says it. */
export function valueOf({ label }: Slot, answer: string, today: string | null): string | number {
  const mine = new RegExp(`^.*\\b(?:my|the|his|her)\\s+${label}\\s+(?:is|was|should be)\\s+`, "i");
  const bare = answer
    .replace(mine, "")
    .replace(LEAD_IN, "")
    .replace(/(?:[.!?,;\s]+|,\s*please)+$/i, "")
    .trim();
  const words = bare === "" ? answer.trim() : bare;
  if (/\b(?:day|date|birthday)\b/.test(label)) return isoDate(words, today) ?? words;
  if (/\b(?:people|persons|guests|seats|age|amount|quantity)\b/.test(label)) return numberIn(words) ?? words;
  if (/\bphone\b/.test(label)) return words.replace(/(?<=[\d+])[\s().-]+(?=\d)/g, "");
  return words;
}

const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

function isoDate(text: string, today: string | null): string | undefined {
  const iso = /\b\d{4}-\d{2}-\d{2}\b/.exec(text)?.[0];
  if (iso !== undefined) return iso;
  const month = MONTHS.findIndex((name) => new RegExp(`\\b${name}\\b`, "i").test(text));
  const day = /\b(\d{1,2})(?:st|nd|rd|th)?\b/.exec(text)?.[1];
  if (month < 0 || day === undefined) return undefined;
  const year = /\b(20\d{2})\b/.exec(text)?.[1];
  const date = (inYear: string): string => `${inYear}-${String(month + 1).padStart(2, "0")}-${day.padStart(2, "0")}`;
  if (year !== undefined) return date(year);
  if (today === null) return undefined;
  const here = date(today.slice(0, 4));
  return here >= today ? here : date(String(Number(today.slice(0, 4)) + 1));
}

function numberIn(text: string): number | undefined {
  const digits = /\b\d+\b/.exec(text)?.[0];
  if (digits !== undefined) return Number(digits);
  const word = NUMBERS.findIndex((name) => new RegExp(`\\b${name}\\b`, "i").test(text));
  return word < 0 ? undefined : word;
}

/** `my day is Monday`, said without being asked or to put something right. */
export function volunteered({ label }: Slot, text: string): string | undefined {
  const said = new RegExp(`\\b(?:my|the)\\s+${label}\\s+(?:is|was|should be)\\s+([^,.;!?]+)`, "i").exec(text)?.[1];
  return said?.replace(/\s+(?:and|but)\s+(?:my|the|i)\b.*$/i, "").trim();
}
