/** Actions of a rule as what the model does in one turn: words, and tools with arguments that follow their schemas. */
import type { MindReply, MindToolCall, MindTurn } from "../mind.ts";
import { plainName } from "../tool-name.ts";
import type { Action } from "./action.ts";
import { type Dialogue, IS_THAT_RIGHT, missingSlot } from "./dialogue.ts";
import { slot, valueOf } from "./slot.ts";

export const GOODBYE = "Thank you for calling. Goodbye.";

export interface Scene {
  readonly turn: MindTurn;
  readonly dialogue: Dialogue;
  readonly said: string;
  readonly today: string | null;
}

/** `undefined`: nothing of it can be done here. What a tool answers is dealt with in the next turn. */
export function perform(actions: readonly Action[], scene: Scene): MindReply | undefined {
  const says: string[] = [];
  const toolCalls: MindToolCall[] = [];
  for (const action of actions) {
    const call = toolCallOf(action, scene);
    if (call && isOffered(scene.turn, call.name)) toolCalls.push(call);
    const words = wordsOf(action, scene);
    // What is told to be said after a tool has answered waits for the answer.
    if (words !== undefined && (toolCalls.length === 0 || endsCall(toolCalls))) says.push(words);
  }
  if (says.length === 0 && toolCalls.length === 0) return undefined;
  return { ...(says.length === 0 ? {} : { say: says.join(" ") }), ...(toolCalls.length === 0 ? {} : { toolCalls }) };
}

const endsCall = (calls: readonly MindToolCall[]): boolean => calls.every(({ name }) => plainName(name) === "callend");

function wordsOf(action: Action, { dialogue }: Scene): string | undefined {
  switch (action.do) {
    case "say":
      return action.text;
    case "ask":
      return missingSlot(dialogue)?.question;
    case "goodbye":
      return action.text ?? GOODBYE;
    case "confirm":
      return summary(dialogue);
    default:
      return undefined;
  }
}

export function summary({ slots, values }: Dialogue): string {
  const known = slots.filter((one) => values.has(one.key)).map((one) => `${one.label} ${values.get(one.key) ?? ""}`);
  return `I have: ${known.join(", ")}. ${IS_THAT_RIGHT}`;
}

function toolCallOf(action: Action, scene: Scene): MindToolCall | undefined {
  const data = Object.fromEntries(scene.dialogue.values);
  switch (action.do) {
    case "store":
      return { name: "entity.create", arguments: { type: action.type, data } };
    case "update":
      return scene.dialogue.stored ? { name: "entity.update", arguments: { id: scene.dialogue.stored.id, data } } : undefined;
    case "look_up": {
      const by = action.by === null ? undefined : slot(action.by.toLowerCase());
      const value = by && (scene.dialogue.values.get(by.key) ?? valueOf(by, scene.said, scene.today));
      return { name: "entity.query", arguments: { type: action.type, ...(by ? { filters: { [by.key]: value } } : {}) } };
    }
    case "transfer":
      return action.to.startsWith("+")
        ? { name: "call.transfer", arguments: { phoneNumber: action.to } }
        : { name: "router.transfer", arguments: { agent: action.to } };
    case "send_digits":
      return { name: "call.sendDigits", arguments: { digits: action.digits } };
    case "end":
      return { name: "call.end", arguments: {} };
    case "call":
      return { name: action.tool, arguments: { ...argumentsFor(action.tool, scene), ...action.given } };
    default:
      return undefined;
  }
}

export function isOffered(turn: MindTurn, name: string): boolean {
  return turn.tools.some((tool) => plainName(tool.name) === plainName(name));
}

type Schema = { readonly [field: string]: unknown };
const schemaOf = (value: unknown): Schema => (typeof value === "object" && value !== null ? { ...value } : {});

/** What the schema demands: from what is known by that name, else from what was just said. */
function argumentsFor(tool: string, { turn, dialogue, said, today }: Scene): { readonly [name: string]: unknown } {
  const offered = turn.tools.find((one) => plainName(one.name) === plainName(tool));
  const schema = schemaOf(offered?.parameters);
  const properties = schemaOf(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? schema["required"].filter((name) => typeof name === "string") : [];
  const entries = Object.entries(properties).flatMap(([name, property]): [string, unknown][] => {
    const known = dialogue.values.get(name);
    if (known !== undefined) return [[name, known]];
    return required.includes(name) ? [[name, guess(name, schemaOf(property), said, today)]] : [];
  });
  return Object.fromEntries(entries);
}

function guess(name: string, property: Schema, said: string, today: string | null): unknown {
  const values = Array.isArray(property["enum"]) ? property["enum"] : [];
  if (values.length > 0) return values.find((value) => said.toLowerCase().includes(String(value).toLowerCase())) ?? values[0];
  switch (property["type"]) {
    case "integer":
    case "number":
      return Number(/-?\d+(?:\.\d+)?/.exec(said)?.[0] ?? 0);
    case "boolean":
      return !/\b(?:no|not|don't)\b/i.test(said);
    case "array":
      return [];
    case "object":
      return {};
    default:
      return valueOf(slot(property["format"] === "date" ? "date" : name.replaceAll(/([A-Z])/g, " $1").toLowerCase()), said, today);
  }
}
