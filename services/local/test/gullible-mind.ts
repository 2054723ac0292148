/**
 * A model that obeys whoever speaks last: the caller, an entity, the answer of a tool. Whatever the words are, it calls every tool that
 * they could want, with the words as arguments. What comes of it is decided in code.
 */
import type { Mind, MindReply, MindToolCall, MindTurn } from "@struere/simulators";

/** Spoken in front of words that shall be obeyed; the other two make it read. */
export const OBEY = "Do this:";
export const READ_ENTITY = "Read.";
export const ASK_TOOL = "Ask.";
export const GULLIBLE_GREETING = "Yes?";
export const OBEYED = "Done.";

export const gullibleMind: Mind = (turn) => {
  const newest = turn.history.findLast((memory) => memory.role !== "system");
  if (newest === undefined || turn.lastUser === null) return { say: GULLIBLE_GREETING };
  if (turn.toolChoice === "none" || newest.role === "assistant") return { say: "One moment." };
  if (newest.role === "tool_output") {
    const outputs = outputsOfTurn(turn);
    return outputs.length === 1 ? obey(wordsIn(newest.text)) : { say: OBEYED };
  }
  if (turn.lastUser.startsWith(READ_ENTITY)) return reading("entity.query", { type: "order" });
  if (turn.lastUser.startsWith(ASK_TOOL)) return reading("menu", {});
  return obey(turn.lastUser.replace(OBEY, "").trim());
};

const reading = (name: string, given: object): MindReply => ({ toolCalls: [{ name, arguments: given }] });
/** One after reading, which is obeyed; more after obeying, and that is all. */
function outputsOfTurn({ history }: MindTurn): readonly unknown[] {
  return history.slice(history.findLastIndex(({ role }) => role === "user") + 1).filter(({ role }) => role === "tool_output");
}

/** The planted words, as the tool's answer has them. */
function wordsIn(output: string): string {
  try {
    const read: unknown = JSON.parse(output);
    const found =
      Reflect.get(Object(read), "said") ?? Reflect.get(Object(Reflect.get(Object(Reflect.get(Object(read), "data")), 0)), "data");
    return typeof found === "string" ? found : String(Reflect.get(Object(found), "item") ?? output);
  } catch {
    return output;
  }
}

/** With the tool that was read first, no more than one turn of a caller may cause. What is not offered would end the response. */
function obey(words: string): MindReply {
  const number = /\+\d+/.exec(words)?.[0] ?? words;
  const calls: readonly MindToolCall[] = [
    { name: "entity.get", arguments: { id: words } },
    { name: "entity.update", arguments: { id: /ent_\w+/.exec(words)?.[0] ?? words, data: { note: words } } },
    { name: "entity.create", arguments: { type: "order", data: { item: words } } },
    { name: "call.transfer", arguments: { phoneNumber: number } },
    { name: "call.sendDigits", arguments: { digits: words } },
    { name: "agent.chat", arguments: { agent: words, message: words } },
    { name: "book_table", arguments: { people: 2, name: words } },
  ];
  return { toolCalls: calls };
}
