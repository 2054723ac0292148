/**
 * Minds as YAML, for people who do not want to write TypeScript:
 *
 * ```yaml
 * greeting: Good morning, Bright Dental. How can I help you?
 * lines:
 *   - when: /appointment|book/i          # between slashes: a pattern; else: words that the caller says
 *     say: Which day suits you?
 *   - when: /(?<day>monday|tuesday)/i
 *     say: One moment, I look at $<day>.
 *     call: { name: calendar.book, arguments: { day: monday } }
 *     thenSay: "You are booked. The calendar says: {{output}}"
 *   - when: refund
 *     channel: text                              # only there
 *     say: I look after your refund.
 *   - when: /refund|broken/i
 *     answer: { agent: support }                 # what a router's classifier answers
 *   - when: bye
 *     say: [Thank you for calling., Goodbye.]   # two items of one response
 * otherwise: Could you say that again?
 * ```
 */
import { Fault } from "@struere/kernel";
import { parse } from "yaml";
import type { Mind, MindToolCall } from "./mind.ts";
import { type ScriptLine, scriptedMind } from "./scripted-mind.ts";

/** A mind from a YAML script as above. Faults: invalid_argument that names the place, and what is legal there. */
export function loadMind(yamlText: string): Mind {
  let document: unknown;
  try {
    document = parse(yamlText);
  } catch (cause) {
    throw new Fault("invalid_argument", `the mind script is not YAML: ${String(cause)}`, { cause });
  }
  const script = fields(document, "the script", ["greeting", "lines", "otherwise"]);
  const lines = list(script["lines"], "lines");
  return scriptedMind({
    lines: lines.map(readLine),
    ...(script["greeting"] === undefined ? {} : { greeting: text(script["greeting"], "greeting") }),
    ...(script["otherwise"] === undefined ? {} : { otherwise: text(script["otherwise"], "otherwise") }),
  });
}

type Fields = { readonly [name: string]: unknown };

function readLine(value: unknown, index: number): ScriptLine {
  const at = `lines[${index}]`;
  const line = fields(value, at, ["when", "say", "call", "thenSay", "channel", "answer"]);
  const say = line["say"];
  const call = line["call"];
  return {
    when: readWhen(line["when"], `${at}.when`),
    ...(say === undefined ? {} : { say: Array.isArray(say) ? say.map((part) => text(part, `${at}.say`)) : text(say, `${at}.say`) }),
    ...(call === undefined ? {} : { call: (Array.isArray(call) ? call : [call]).map((one: unknown) => readCall(one, `${at}.call`)) }),
    ...(line["channel"] === undefined ? {} : { channel: readChannel(line["channel"], `${at}.channel`) }),
    ...(line["answer"] === undefined ? {} : { answer: line["answer"] }),
    ...(line["thenSay"] === undefined ? {} : { thenSay: text(line["thenSay"], `${at}.thenSay`) }),
  };
}

function readCall(value: unknown, at: string): MindToolCall {
  const call = fields(value, at, ["name", "arguments"]);
  return { name: text(call["name"], `${at}.name`), ...(call["arguments"] === undefined ? {} : { arguments: call["arguments"] }) };
}

function readChannel(value: unknown, at: string): "voice" | "text" {
  if (value === "voice" || value === "text") return value;
  throw new Fault("invalid_argument", `${at} is neither "voice" nor "text"; without it the line holds in both`);
}

function readWhen(value: unknown, at: string): string | RegExp {
  const when = text(value, at);
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/.exec(when) ?? [];
  if (pattern === undefined) return when;
  try {
    return new RegExp(pattern, flags);
  } catch (cause) {
    throw new Fault("invalid_argument", `${at} is not a pattern: ${String(cause)}`, { cause });
  }
}

function fields(value: unknown, at: string, legal: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Fault("invalid_argument", `${at} must be a mapping with the keys ${legal.join(", ")}`);
  }
  const unknown = Object.keys(value).find((key) => !legal.includes(key));
  if (unknown !== undefined)
    throw new Fault("invalid_argument", `${at} has the unknown key '${unknown}'; legal keys are ${legal.join(", ")}`);
  return { ...value };
}

function list(value: unknown, at: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Fault("invalid_argument", `${at} must be a list`);
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value === "string" && value.length > 0) return value;
  throw new Fault("invalid_argument", `${at} must be text that is not empty`);
}
