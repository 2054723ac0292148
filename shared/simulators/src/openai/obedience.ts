/** What a mind has been told to say, in so many words, by the request's instructions or by a note since it last spoke. */
import type { MindTurn } from "./mind.ts";

/** `Say exactly: …`, `Tell the caller: "…"`, `Greet with: …`; the text runs to the closing quote, or else to the end. */
const ORDER = /\b(?:say|speak|tell|read|repeat|greet|announce|inform|answer)\b[^:"“«]*[:"“«]\s*(?<words>[\s\S]+)$/i;
const QUOTED = /^["“«](?<quoted>[^"”»]+)["”»]/;
const TRAILING_QUOTE = /\s*["”»]\s*$/;

/** The words ordered in `text`, if it orders any. */
export function orderedWords(text: string): string | undefined {
  const words = ORDER.exec(text)?.groups?.["words"]?.trim();
  if (!words) return undefined;
  const quoted = QUOTED.exec(words)?.groups?.["quoted"];
  return (quoted ?? words.replace(TRAILING_QUOTE, "")).trim();
}

/** What this turn is ordered to say: by the request first, else by the newest note that nobody has spoken after. */
export function ordered(turn: MindTurn): string | undefined {
  const fromRequest = turn.requestInstructions === null ? undefined : orderedWords(ownOf(turn.requestInstructions, turn.instructions));
  if (fromRequest !== undefined) return fromRequest;
  const lastSpoken = turn.history.findLastIndex((memory) => memory.role === "user" || memory.role === "assistant");
  const notes = turn.history.slice(lastSpoken + 1).flatMap((memory) => (memory.role === "system" ? [memory.text] : []));
  return notes.map(orderedWords).findLast((words) => words !== undefined);
}

/** A request that repeats the session's instructions orders only what it adds to them. */
function ownOf(requested: string, instructions: string): string {
  return requested.startsWith(instructions) ? requested.slice(instructions.length) : requested;
}

/** The greeting that the session's instructions prescribe: `Greet the caller with: "…"`. */
export function prescribedGreeting(instructions: string): string | undefined {
  const line = instructions.split("\n").find((text) => /\bgreet/i.test(text));
  return line === undefined ? undefined : orderedWords(line);
}
