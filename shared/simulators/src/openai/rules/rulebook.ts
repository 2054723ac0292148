/**
 * The rules of a prompt, as far as they are written in words that this reader knows (docs/evals.md lists them). It does not understand
 * English; it knows some forms of it, and says which sentences it has read and which not, so that nobody takes the simulated mind for more
 * than it is.
 */
import { type Action, actionsOf } from "./action.ts";
import { type Condition, conditionOf } from "./condition.ts";
import { type Prose, sentencesOf, withQuotes } from "./sentences.ts";
import type { Slot } from "./slot.ts";

export interface Rule {
  readonly when: Condition;
  readonly actions: readonly Action[];
}

export interface Rulebook {
  readonly rules: readonly Rule[];
  /** Told without a condition. */
  readonly standing: readonly Action[];
  /** Statements that answer questions: "We are open from nine to five." */
  readonly facts: readonly string[];
  /** The first date in the prompt, as when it says what time it is: `2026-11-25`. */
  readonly today: string | null;
  /** Sentences, as they were written. */
  readonly read: readonly string[];
  readonly unread: readonly string[];
}

export function readRules(instructions: string): Rulebook {
  const rules: Rule[] = [];
  const standing: Action[] = [];
  const facts: string[] = [];
  const read: string[] = [];
  const unread: string[] = [];
  for (const prose of sentencesOf(instructions)) {
    const rule = ruleOf(prose);
    const actions = rule ? undefined : actionsOf(prose.text, prose.quotes);
    if (rule) rules.push(rule);
    else if (actions) standing.push(...actions);
    else if (isStatement(prose.text)) {
      if (!/^(?:the\s+(?:caller|user|customer)\b|you\b|it is\b|today\b)/i.test(prose.text)) facts.push(`${withQuotes(prose)}.`);
      continue;
    }
    (rule || actions ? read : unread).push(withQuotes(prose));
  }
  return { rules, standing, facts, today: /\b\d{4}-\d{2}-\d{2}(?!\d)/.exec(instructions)?.[0] ?? null, read, unread };
}

const WHEN = /^(?:when(?:ever)?|if|once|as soon as|after|for)\s+/i;

function ruleOf({ text, quotes }: Prose): Rule | undefined {
  const otherwise = /^otherwise,?\s+(.+)$/i.exec(text)?.[1];
  if (otherwise !== undefined) {
    const then = actionsOf(otherwise, quotes);
    return then && { when: { on: "otherwise" }, actions: then };
  }
  if (WHEN.test(text)) {
    const body = text.replace(WHEN, "");
    // The condition ends at the first comma after which something is to be done.
    for (const { index } of body.matchAll(/,\s+|\s+then\s+/g)) {
      const then = actionsOf(body.slice(index).replace(/^(?:,\s+|\s+then\s+)(?:then\s+)?/i, ""), quotes);
      const when = then && conditionOf(body.slice(0, index), quotes);
      if (when) return { when, actions: then };
    }
    return undefined;
  }
  for (const match of text.matchAll(/,?\s+(?:when(?:ever)?|if|once|as soon as)\s+/gi)) {
    const then = actionsOf(text.slice(0, match.index), quotes);
    const when = then && conditionOf(text.slice(match.index + match[0].length), quotes);
    if (when) return { when, actions: then };
  }
  return undefined;
}

const STATES =
  /\b(?:is|are|was|were|has|have|costs?|takes?|opens?|closes?|offers?|accepts?|includes?|lies|lives|belongs?|begins?|ends?|works?|speaks?|answers?|takes? place)\b/i;

function isStatement(text: string): boolean {
  if (
    /^(?:do not|don't|never|always|be|keep|make sure|avoid|when|if|you (?:must|should|may|can|have to|are not|do not|never))\b/i.test(text)
  )
    return false;
  return /^you\b/i.test(text) || (STATES.test(text) && /^[\p{L}\p{N}§"']/u.test(text));
}

export function standingSlots(book: Rulebook): readonly Slot[] {
  return book.standing.flatMap((action) => (action.do === "ask" ? action.slots : []));
}

const read = new Map<string, Rulebook>();
const READ_MAX = 200;

/** A prompt is read once for all the turns of a conversation. */
export function rulesOf(instructions: string): Rulebook {
  const known = read.get(instructions);
  if (known) return known;
  const book = readRules(instructions);
  if (read.size >= READ_MAX) read.clear();
  read.set(instructions, book);
  return book;
}
