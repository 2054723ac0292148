/**
 * What a caller does, as data: a script that a person can write in YAML.
 *
 * ```yaml
 * dial: "+15550100100"        # optional where the number is given otherwise
 * steps:
 *   - hear: How can I help    # part of what the agent says, or a /regular expression/i
 *   - say: A table for two, please.
 *   - interrupt: { after: We have a, say: "Sorry, for three." }
 *   - press: "5"
 *   - wait: 1500              # milliseconds of silence
 *   - hear: { text: /booked/i, withinMs: 20000 }
 *   - hangUp                  # without it the caller waits until the call ends
 * ```
 */
import { Fault } from "@struere/kernel";
import { parse as parseYaml } from "yaml";
import type { CallEnding } from "../call/call-facts.ts";
import type { Phone } from "./phone.ts";
import type { Pattern, PhoneCall } from "./phone-call.ts";

export type CallerStep =
  | { readonly hear: Pattern | ({ readonly text: Pattern } & { readonly withinMs?: number }) }
  | { readonly say: string }
  | { readonly interrupt: { readonly after: Pattern; readonly say: string } }
  | { readonly press: string }
  | { readonly wait: number }
  | { readonly hangUp: true };

export type CallerScript = { readonly dial?: string; readonly steps: readonly CallerStep[] };

/** A script that neither hangs up nor is hung up on ends here. */
const MAX_CALL_MS = 10 * 60_000;

/**
 * Places the call and does the steps; resolves when the call is over.
 * @throws what the verbs of PhoneCall throw; the call is hung up then. invalid_argument when nobody says whom to dial.
 */
export async function runCallerScript(
  phone: Phone,
  script: CallerScript,
): Promise<{ readonly call: PhoneCall; readonly ending: CallEnding }> {
  if (script.dial === undefined) throw new Fault("invalid_argument", "the caller script has no dial; it must name an E.164 number");
  const call = await phone.dial(script.dial);
  return { call, ending: await followCallerScript(call, script.steps) };
}

/** Does the steps on a call that exists; hangs up when a step fails. */
export async function followCallerScript(call: PhoneCall, steps: readonly CallerStep[]): Promise<CallEnding> {
  try {
    for (const step of steps) await doStep(call, step);
  } catch (thrown) {
    await call.hangUp();
    throw thrown;
  }
  await call.staysSilent(MAX_CALL_MS);
  return call.hangUp();
}

async function doStep(call: PhoneCall, step: CallerStep): Promise<void> {
  if ("hear" in step) {
    const { hear } = step;
    if (typeof hear === "string" || hear instanceof RegExp) await call.hears(hear);
    else await call.hears(hear.text, hear.withinMs === undefined ? {} : { withinMs: hear.withinMs });
  } else if ("say" in step) await call.says(step.say);
  else if ("interrupt" in step) await call.interrupts(step.interrupt.say, { after: step.interrupt.after });
  else if ("press" in step) await call.presses(step.press);
  else if ("wait" in step) await call.staysSilent(step.wait);
  else await call.hangUp();
}

/** Reads a script from YAML (JSON is YAML too). Faults: invalid_argument naming the step and what it may be. */
export function parseCallerScript(yaml: string): CallerScript {
  let value: unknown;
  try {
    value = parseYaml(yaml);
  } catch (cause) {
    throw new Fault("invalid_argument", `the caller script is not YAML: ${cause instanceof Error ? cause.message : "unreadable"}`, {
      cause,
    });
  }
  return readCallerScript(value);
}

/** Checks a script that has been read already, for example from a JSON request. Faults: invalid_argument as above. */
export function readCallerScript(value: unknown): CallerScript {
  if (!isRecord(value)) throw wrong("it must be an object with steps");
  const { dial, steps, ...rest } = value;
  const strangers = Object.keys(rest);
  if (strangers.length > 0) throw wrong(`it has ${strangers.join(", ")}; it may have dial and steps`);
  if (dial !== undefined && typeof dial !== "string") throw wrong('dial must be a number in quotes, as "+15550100100"');
  if (!Array.isArray(steps)) throw wrong("steps must be a list");
  return { ...(dial === undefined ? {} : { dial }), steps: steps.map(readStep) };
}

const LEGAL = "hear, say, interrupt: { after, say }, press, wait, hangUp";

function readStep(step: unknown, index: number): CallerStep {
  const at = `step ${index + 1}`;
  if (step === "hangUp") return { hangUp: true };
  if (!isRecord(step) || Object.keys(step).length !== 1) throw wrong(`${at} must be one of ${LEGAL}`);
  const [verb = "", value] = Object.entries(step)[0] ?? [];
  if (verb === "hear" && isRecord(value)) {
    const withinMs = value["withinMs"];
    if (withinMs !== undefined && typeof withinMs !== "number") throw wrong(`${at}: hear.withinMs must be milliseconds`);
    return { hear: { text: readPattern(value["text"], `${at}: hear.text`), ...(withinMs === undefined ? {} : { withinMs }) } };
  }
  if (verb === "hear") return { hear: readPattern(value, `${at}: hear`) };
  if (verb === "say" && typeof value === "string") return { say: value };
  if (verb === "interrupt" && isRecord(value) && typeof value["say"] === "string") {
    return { interrupt: { after: readPattern(value["after"], `${at}: interrupt.after`), say: value["say"] } };
  }
  if (verb === "press" && (typeof value === "string" || typeof value === "number")) return { press: String(value) };
  if (verb === "wait" && typeof value === "number" && value >= 0) return { wait: value };
  if (verb === "hangUp") return { hangUp: true };
  throw wrong(`${at} is ${verb}: ${JSON.stringify(value)}; it must be one of ${LEGAL}`);
}

function readPattern(value: unknown, name: string): Pattern {
  if (value instanceof RegExp) return value;
  if (typeof value !== "string" || value === "") throw wrong(`${name} must be a text or a /regular expression/`);
  const expression = /^\/(.+)\/([imsu]*)$/s.exec(value);
  if (expression === null) return value;
  try {
    return new RegExp(expression[1] ?? "", expression[2]);
  } catch (cause) {
    throw new Fault("invalid_argument", `the caller script is wrong: ${name} is no regular expression: ${value}`, { cause });
  }
}

function wrong(why: string): Fault {
  return new Fault("invalid_argument", `the caller script is wrong: ${why}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}
