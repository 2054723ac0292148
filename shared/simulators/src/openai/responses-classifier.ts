/** What the simulated model answers where a JSON schema is asked for and its mind has no answer: a plain classifier by shared words. */
import type { MindTurn } from "./mind.ts";

type Fields = { readonly [name: string]: unknown };

/** An object that follows the schema: each enumeration gets the value whose description shares most words with what the user said last. */
export function classify(turn: MindTurn): unknown {
  const schema = fieldsOf(turn.format?.schema);
  const properties = Object.entries(fieldsOf(schema["properties"]));
  return Object.fromEntries(properties.map(([name, property]) => [name, valueOf(fieldsOf(property), turn)]));
}

function valueOf(property: Fields, turn: MindTurn): unknown {
  const values = Array.isArray(property["enum"]) ? property["enum"].filter((value) => typeof value === "string") : [];
  if (values.length > 0) return bestOf(values, turn);
  if (property["type"] === "boolean") return false;
  if (property["type"] === "number" || property["type"] === "integer") return 0;
  if (property["type"] === "array") return [];
  return property["type"] === "object" ? {} : "";
}

function bestOf(values: readonly string[], turn: MindTurn): string {
  const said = wordsOf(turn.lastUser ?? "");
  const scored = values.map((value) => {
    const line = turn.instructions.split("\n").find((text) => text.includes(value)) ?? value;
    return { value, score: [...wordsOf(`${value} ${line}`)].filter((word) => said.has(word)).length };
  });
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
  if (best.score > 0) return best.value;
  return values.find((value) => value === "uncertain") ?? values[0] ?? "";
}

/** Long words only, without the endings that make one word of several. */
function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  return new Set(words.map((word) => word.replace(/(?:ing|ed|es|s)$/, "")));
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
