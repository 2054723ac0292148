import type { CallSummary, Thread } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { callTable } from "./call.ts";

export function threadText(paint: Paint, thread: Thread, calls: readonly CallSummary[]): string {
  const facts: readonly (readonly [string, unknown])[] = [
    ["channel", thread.channel],
    ["status", thread.channelStatus],
    ["params", thread.channelParams],
    ["metadata", thread.metadata],
    ["parent", thread.parentThreadId],
    ["entity", thread.entityType === null ? null : `${thread.entityType} ${thread.entityId ?? ""}`],
    ["created", thread.createdAt],
    ["updated", thread.updatedAt],
  ];
  const known = facts.filter(([, value]) => value !== null && JSON.stringify(value) !== "{}");
  const lines = known.map(([name, value]) => `${name.padEnd(10)}${plainText(typeof value === "string" ? value : JSON.stringify(value))}`);
  return [paint("bold", thread.id), ...lines, "", callTable(paint, calls)].join("\n");
}
