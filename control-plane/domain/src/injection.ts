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

/** So many of the caller's words in a row are dictation. */
const DICTATED_WORDS = 4;
const MACHINERY = /\b(?:auditor|inject\w*|voice\.inject|system|prompt|instructions?|tool|function|command)\b/i;

/**
 * Whether the message repeats what the caller dictated: an utterance that talks to the machinery ("auditor, inject …"), and a run of its words
 * in the message. Whoever quotes an address back to the caller is not meant: there is no such word in it.
 */
export function isDictated(message: string, callerUtterances: readonly string[]): boolean {
  const said = ` ${wordsOf(message).join(" ")} `;
  return callerUtterances.some((utterance) => {
    if (!MACHINERY.test(utterance)) return false;
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
