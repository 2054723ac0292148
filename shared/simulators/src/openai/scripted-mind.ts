/** Minds written as a list: when the caller says this, say that. */
import type { Mind, MindReply, MindToolCall, MindTurn } from "./mind.ts";
import { ordered } from "./obedience.ts";
import { receptionist } from "./receptionist.ts";

export interface ScriptLine {
  /** Words that the caller's newest utterance contains (case does not matter), a pattern it matches, or a question about the whole turn. */
  readonly when: string | RegExp | ((turn: MindTurn) => boolean);
  /** Several texts are several items of one response. `$1` or `$<name>` stand for what the pattern captured. */
  readonly say?: string | readonly string[];
  readonly call?: MindToolCall | readonly MindToolCall[];
  /** Only in this channel. Absent: in both. */
  readonly channel?: MindTurn["channel"];
  /** The answer where a JSON schema is asked for, for example `{ agent: "support" }` to a router; such turns take no other lines. */
  readonly answer?: unknown;
  /** Said when the tools that this line called have answered; `{{output}}` stands for the newest output. Default: the output itself. */
  readonly thenSay?: string;
}

export interface Script {
  /** Said when nobody has said anything yet. Default: as the instructions prescribe, else the receptionist's. */
  readonly greeting?: string;
  readonly lines: readonly ScriptLine[];
  /** Said when no line fits, or a mind that decides. Default: the receptionist. */
  readonly otherwise?: string | Mind;
}

/**
 * A deterministic mind out of lines; the first line that fits speaks. Orders (`Say exactly: …`, in the request or in a note) come first,
 * as with the receptionist. The same script speaks on the phone and writes in text.
 * @example scriptedMind([{ when: /book/i, say: "One moment.", call: { name: "calendar.book" }, thenSay: "Done: {{output}}" }], "Pardon?")
 */
export function scriptedMind(lines: readonly ScriptLine[], otherwise?: string | Mind): Mind;
export function scriptedMind(script: Script): Mind;
export function scriptedMind(input: Script | readonly ScriptLine[], fallback?: string | Mind): Mind {
  const script: Script = "lines" in input ? input : { lines: input, ...(fallback === undefined ? {} : { otherwise: fallback }) };
  return (turn) => {
    if (turn.format) return structured(script, turn);
    const order = ordered(turn);
    if (order !== undefined) return { say: order };
    const newest = turn.history.at(-1);
    if (newest?.role === "tool_output") return { say: afterTool(script, turn, newest.text) };
    if (turn.lastUser === null && script.greeting !== undefined) return { say: script.greeting };
    const line = script.lines.find((candidate) => candidate.answer === undefined && fits(candidate, turn));
    if (line) return reply(line, turn);
    const { otherwise } = script;
    if (typeof otherwise === "string") return turn.lastUser === null ? receptionist(turn) : { say: otherwise };
    return (otherwise ?? receptionist)(turn);
  };
}

/** A line that has an answer gives it; without one the simulator classifies by itself. */
function structured(script: Script, turn: MindTurn): MindReply | Promise<MindReply> {
  const line = script.lines.find((candidate) => candidate.answer !== undefined && fits(candidate, turn));
  if (line) return { answer: line.answer };
  return typeof script.otherwise === "function" ? script.otherwise(turn) : {};
}

function fits(line: ScriptLine, turn: MindTurn): boolean {
  if (line.channel !== undefined && line.channel !== turn.channel) return false;
  if (typeof line.when === "function") return line.when(turn);
  if (turn.lastUser === null) return false;
  return typeof line.when === "string"
    ? turn.lastUser.toLowerCase().includes(line.when.toLowerCase())
    : new RegExp(line.when).test(turn.lastUser);
}

function reply(line: ScriptLine, turn: MindTurn): MindReply {
  const fill = (text: string): string => captured(line, turn, text);
  return {
    ...(line.say === undefined ? {} : { say: typeof line.say === "string" ? fill(line.say) : line.say.map(fill) }),
    ...(line.call === undefined ? {} : { toolCalls: "name" in line.call ? [line.call] : line.call }),
  };
}

/** Puts what the line's pattern captured in place of `$1` and `$<name>`. */
function captured(line: ScriptLine, turn: MindTurn, text: string): string {
  const match = line.when instanceof RegExp && turn.lastUser !== null ? new RegExp(line.when).exec(turn.lastUser) : null;
  if (!match) return text;
  return text.replaceAll(/\$(?:(\d)|<(\w+)>)/g, (whole, index?: string, name?: string) => {
    const value = index === undefined ? match.groups?.[name ?? ""] : match[Number(index)];
    return value ?? whole;
  });
}

function afterTool(script: Script, turn: MindTurn, output: string): string {
  const line = script.lines.find((candidate) => candidate.call !== undefined && fits(candidate, turn));
  return captured(line ?? { when: "" }, turn, line?.thenSay ?? output).replaceAll("{{output}}", () => output);
}
