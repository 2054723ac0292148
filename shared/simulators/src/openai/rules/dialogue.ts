/** Where a conversation stands, read from its history alone: what was asked and answered, what is stored. */
import type { Memory } from "../mind.ts";
import { plainName } from "../tool-name.ts";
import { AGREES, fit } from "./condition.ts";
import { type Rule, type Rulebook, standingSlots } from "./rulebook.ts";
import { isQuestion } from "./sentences.ts";
import { type Slot, valueOf, volunteered } from "./slot.ts";

export interface Dialogue {
  /** What is to be asked for, in order: by standing rules, and by rules whose case has come. */
  readonly slots: readonly Slot[];
  readonly values: ReadonlyMap<string, string | number>;
  /** Asked for in the agent's last words and not answered before the newest utterance. */
  readonly pending: Slot | null;
  /** The agent has asked whether what it has understood is right. */
  readonly confirming: boolean;
  /** The caller has said that it is. */
  readonly agreed: boolean;
  /** The newest utterance changes something that was known. */
  readonly changed: boolean;
  readonly stored: { readonly id: string } | null;
}

export const IS_THAT_RIGHT = "Is that right?";
export const PARDON = "Sorry, I did not understand you. Could you say that again?";

/** The rule that fits best what was said; of equals the first. */
export function ruleFor(book: Rulebook, said: string, answering: boolean): Rule | undefined {
  const scored = book.rules.map((rule) => ({ rule, score: fit(rule.when, said, answering) })).filter(({ score }) => score > 0);
  return scored.reduce<(typeof scored)[number] | undefined>((best, one) => (best && best.score >= one.score ? best : one), undefined)?.rule;
}

export function dialogueOf(book: Rulebook, history: readonly Memory[]): Dialogue {
  const slots = [...standingSlots(book)];
  const values = new Map<string, string | number>();
  let pending: Slot | null = null;
  let confirming = false;
  let agreed = false;
  let changed = false;
  let stored: Dialogue["stored"] = null;
  for (const memory of history) {
    if (memory.role === "assistant") {
      // What was open before the caller was asked to say it again is open still.
      if (memory.text.includes(PARDON)) continue;
      pending = slots.find((slot) => asks(memory.text, slot.question)) ?? null;
      confirming = asks(memory.text, IS_THAT_RIGHT);
    } else if (memory.role === "user") {
      changed = false;
      const triggered = ruleFor(book, memory.text, pending !== null);
      for (const action of triggered?.actions ?? []) {
        if (action.do === "ask") slots.push(...action.slots.filter((slot) => !slots.some((known) => known.key === slot.key)));
      }
      for (const slot of slots) {
        const said = volunteered(slot, memory.text);
        if (said === undefined || said.includes("[…]")) continue;
        changed = values.has(slot.key);
        values.set(slot.key, valueOf(slot, said, book.today));
        if (pending?.key === slot.key) pending = null;
      }
      if (pending && !triggered && !isQuestion(memory.text) && isUnderstood(memory.text, true)) {
        values.set(pending.key, valueOf(pending, memory.text, book.today));
        pending = null;
      }
      if (confirming && AGREES.test(memory.text)) agreed = true;
      if (changed && stored === null) agreed = false;
    } else if (memory.role === "tool_output" && isCreate(memory.name)) stored = storedBy(memory.text) ?? stored;
  }
  return { slots, values, pending, confirming, agreed, changed, stored };
}

export const missingSlot = ({ slots, values }: Dialogue): Slot | undefined => slots.find((slot) => !values.has(slot.key));

/** The whole question, or its beginning when the caller has cut the agent short in it. */
function asks(text: string, question: string): boolean {
  if (text.includes(question)) return true;
  for (let length = Math.min(question.length - 1, text.length); length >= LEAST; length--) {
    if (text.endsWith(question.slice(0, length))) return true;
  }
  return false;
}
const LEAST = 8;

/** Where frames were lost there are marks. An answer that is written down must have none. */
export function isUnderstood(text: string, isAnswer: boolean): boolean {
  if (isAnswer && text.includes("[…]")) return false;
  const lost = text.split("[…]").length - 1;
  const rest = text.replaceAll("[…]", "").trim();
  return rest !== "" && (lost <= 1 || rest.length / lost >= 12);
}

const isCreate = (name: string | null): boolean => plainName(name ?? "") === "entitycreate";

function storedBy(output: string): { readonly id: string } | undefined {
  try {
    const value: unknown = JSON.parse(output);
    const id: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "id") : undefined;
    return typeof id === "string" ? { id } : undefined;
  } catch {
    return undefined; // An error in words.
  }
}
