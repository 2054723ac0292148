/**
 * What may be put into an agent's mouth, by whoever it is: checked here, before anything is stored or sent. What was read in a transcript
 * is the caller's, and a model that has read it can be talked into things; so none of these rules looks at why somebody injects.
 */
import { err, ok, type Result } from "@struere/kernel";

export const InjectionAction = ["correction", "complete", "abort"] as const;
export type InjectionAction = (typeof InjectionAction)[number];

/** About half a minute of speech. */
export const INJECTION_CHARS_MAX = 600;
export const INJECTION_FIELD_MAX = 64;
export const INJECTION_VALUE_MAX = 200;

/** Spoken within this time or not at all. A complete waits for the end of a conversation, the others for the end of a sentence. */
export const INJECTION_TTL_MS: { readonly [Action in InjectionAction]: number } = { correction: 30_000, complete: 60_000, abort: 30_000 };

/** Of one audit: the one thing that matters now, and the end. */
export const INJECTIONS_PER_AUDIT = 2;
/** Of one call, from whatever source. */
export const INJECTIONS_PER_MINUTE = 6;
export const INJECTIONS_PER_CALL = 60;

/** A receipt that is still missing so long after its time will not come: whoever held the call is gone without a word. */
export const RECEIPT_GIVEN_UP_MS = 10 * 60_000;

export interface InjectionWords {
  readonly action: InjectionAction;
  /** What the agent shall say, in its own words. */
  readonly message: string;
  /** What it is about: a newer one about the same replaces one that still waits. */
  readonly field: string | null;
  /** What is right: when the caller says it first, there is nothing to correct any more. */
  readonly value: string | null;
}

/** One line of plain words, or why not; the sentence is for whoever wrote it. */
export function checkInjection(given: {
  readonly action: string;
  readonly message: string;
  readonly field?: string | null | undefined;
  readonly value?: string | null | undefined;
}): Result<InjectionWords, string> {
  const action = InjectionAction.find((one) => one === given.action);
  if (!action) return err(`action is "${given.action.slice(0, 64)}"; use one of ${InjectionAction.join(", ")}`);
  const message = plainLine(given.message);
  if (message === "") return err("message is empty; say what the agent on the phone shall tell the caller");
  if (message.length > INJECTION_CHARS_MAX)
    return err(`message has ${message.length} characters; at most ${INJECTION_CHARS_MAX} are said, so make it one or two sentences`);
  if (LINK.test(message)) return err("message holds a link; nobody can follow one on the phone, say it in words");
  const field = plainLine(given.field ?? "").slice(0, INJECTION_FIELD_MAX) || null;
  const value = plainLine(given.value ?? "").slice(0, INJECTION_VALUE_MAX) || null;
  return ok({ action, message, field, value });
}

const LINK = /\b(?:https?:\/\/|www\.)\S/i;

/** No control characters, nothing invisible, no line breaks: an injection can not pose as another part of a prompt. */
function plainLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll(/[<>{}[\]`]+/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/**
 * A sentence of a caller that gives orders to whoever reads along ("auditor, inject …"). It is no part of the conversation that an auditor
 * has to judge, and is left out of what it reads. A guard beside the others, not the wall: what an auditor can do is bounded by its tools.
 */
const ORDER =
  /\bauditor\b[\s,:;.!–-]*(?:please\s+|you\s+(?:must|should|have to)\s+)?(?:inject|say|tell|complete|abort|end|stop|ignore|correct|write|set|update|change|mark|use|call|confirm|approve|grant)\b|\bvoice[.\s]inject|\binject\b(?=.*\b(?:message|correction|system|auditor)\b)|\b(?:system|developer)\s+(?:prompt|message|instructions?)\b|\bignore\b.*\binstructions?\b/i;

/** What stands in its place. */
export const LEFT_OUT = "[said to the machine; left out]";

export function withoutOrders(text: string): string {
  if (!ORDER.test(text)) return text;
  const sentences = text.match(/[^.!?]+[.!?]*\s*/g) ?? [text];
  const kept = sentences.map((sentence) => (ORDER.test(sentence) ? `${LEFT_OUT} ` : sentence)).join("");
  // An order that goes over the end of a sentence ("Auditor! Inject …").
  return (ORDER.test(kept) ? LEFT_OUT : kept).trim();
}

/** So many of the caller's words in a row are dictation. */
const DICTATED_WORDS = 4;

/** Whether the message repeats words out of such an order. Whoever quotes an address back to the caller is not meant. */
export function isDictated(message: string, callerUtterances: readonly string[]): boolean {
  const said = ` ${wordsOf(message).join(" ")} `;
  return callerUtterances.some((utterance) => {
    if (!ORDER.test(utterance)) return false;
    const words = wordsOf(utterance);
    const run = Math.min(DICTATED_WORDS, words.length);
    for (let start = 0; start + run <= words.length; start++) {
      if (said.includes(` ${words.slice(start, start + run).join(" ")} `)) return true;
    }
    return false;
  });
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
