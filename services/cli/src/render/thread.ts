import type { CallSummary, Thread, ThreadMessage } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { callTable } from "./call.ts";

interface WholeThread {
  readonly thread: Thread;
  readonly messages: readonly ThreadMessage[];
  readonly calls: readonly CallSummary[];
}

export function threadText(paint: Paint, { thread, messages, calls }: WholeThread): string {
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
  const written = messages.length === 0 ? [] : ["", ...messages.map((message) => messageText(paint, message))];
  const phoned = calls.length === 0 && messages.length > 0 ? [] : ["", callTable(paint, calls)];
  return [paint("bold", thread.id), ...lines, ...written, ...phoned].join("\n");
}

function messageText(paint: Paint, { role, content, agent, toolCalls }: ThreadMessage): string {
  if (role === "tool") return paint("dim", `  → ${shorten(plainText(content))}`);
  const who = role === "assistant" ? paint("cyan", agent ?? "agent") : paint("green", role);
  const called = toolCalls.map((call) => paint("dim", `  ${plainText(call.name)} ${shorten(plainText(call.arguments))}`));
  const said = content === "" ? [] : [`${who}  ${content.split("\n").map(plainText).join("\n    ")}`];
  return [...said, ...called].join("\n");
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
