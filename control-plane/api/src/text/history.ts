/** What was written in a thread, as the model reads it. */
import { vendorToolName } from "@struere/protocol/openai";
import type { Message } from "@struere/store";
import type { ResponseInputItem } from "openai/resources/responses/responses";

/** So many messages, and so many characters of them, are read back at most; the conversation begins with the user at any rate. */
export const HISTORY_MESSAGES = 120;
const HISTORY_CHARACTERS = 240_000;

/** What a message needs to be for the model. */
export type HistoryMessage = Pick<Message, "role" | "content" | "tool_calls" | "tool_call_id">;

/** The result of a call whose process died while it ran. */
const UNKNOWN_OUTCOME = JSON.stringify({
  error: "unknown_outcome",
  message: "The result was lost. It may or may not have happened; do not repeat it without asking.",
});

export function historyItems(messages: readonly HistoryMessage[]): ResponseInputItem[] {
  const kept = recent(messages);
  const outputs = new Map(kept.flatMap((message) => (message.tool_call_id === null ? [] : [[message.tool_call_id, message.content]])));
  return kept.flatMap((message): ResponseInputItem[] => {
    if (message.role === "user") return [{ role: "user", content: message.content }];
    if (message.role === "tool") return []; // Stands behind its call.
    const calls = message.tool_calls ?? [];
    return [
      ...(message.content === "" ? [] : [{ role: "assistant" as const, content: message.content }]),
      ...calls.map((call) => ({
        type: "function_call" as const,
        call_id: call.id,
        name: vendorToolName(call.name),
        arguments: call.arguments,
      })),
      ...calls.map((call) => ({
        type: "function_call_output" as const,
        call_id: call.id,
        output: outputs.get(call.id) ?? UNKNOWN_OUTCOME,
      })),
    ];
  });
}

/** The newest messages within the bounds, from a user's message on. */
function recent(messages: readonly HistoryMessage[]): readonly HistoryMessage[] {
  let characters = 0;
  let start = messages.length;
  let from = messages.length;
  while (start > 0) {
    const message = messages[start - 1];
    if (!message) break;
    characters += message.content.length + JSON.stringify(message.tool_calls ?? "").length;
    if (characters > HISTORY_CHARACTERS && from < messages.length) break;
    start--;
    if (message.role === "user") from = start;
  }
  return messages.slice(from);
}
