/** The items of a simulated conversation, in order, and what a mind knows of them. */
import { textSpokenBy } from "../speech.ts";
import type { ContentInput, ItemInput } from "./client-event.ts";
import type { Memory } from "./mind.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export type Item =
  | MessageItem
  | {
      readonly type: "function_call";
      readonly id: string;
      status: ItemStatus;
      readonly callId: string;
      readonly name: string;
      arguments: string;
    }
  | { readonly type: "function_call_output"; readonly id: string; status: ItemStatus; readonly callId: string; readonly output: string };

export interface MessageItem {
  readonly type: "message";
  readonly id: string;
  status: ItemStatus;
  readonly role: "user" | "assistant" | "system";
  readonly content: Part[];
}

export type Part =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "input_image" }
  /** `understood` is what the model made of the audio; `transcript` is what the separate transcription says, once it has. */
  | { readonly type: "input_audio"; readonly understood: string; readonly audioMs: number; transcript: string | null }
  | { readonly type: "output_text"; text: string }
  /** `text` and `audioMs` as far as generated, or as far as heard once truncated. */
  | { readonly type: "output_audio"; text: string; audioMs: number; truncated: boolean; readonly msPerChar: number };

export class Conversation {
  readonly items: Item[] = [];

  find(id: string): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  get lastId(): string | null {
    return this.items.at(-1)?.id ?? null;
  }

  /**
   * Puts an item at the end, after `previousItemId`, or first for `"root"`.
   * @returns the id of the item before it (`null`: it is the first), or `undefined` when there is no such predecessor.
   */
  insert(item: Item, previousItemId?: string | null): string | null | undefined {
    const at =
      previousItemId === undefined || previousItemId === null
        ? this.items.length
        : previousItemId === "root"
          ? 0
          : this.items.findIndex((other) => other.id === previousItemId) + 1;
    if (at === 0 && previousItemId !== "root" && this.items.length > 0) return undefined;
    if (at === 0 && typeof previousItemId === "string" && previousItemId !== "root") return undefined;
    this.items.splice(at, 0, item);
    return this.items[at - 1]?.id ?? null;
  }

  delete(id: string): boolean {
    const at = this.items.findIndex((item) => item.id === id);
    if (at < 0) return false;
    this.items.splice(at, 1);
    return true;
  }

  previousOf(id: string): string | null {
    return this.items[this.items.findIndex((item) => item.id === id) - 1]?.id ?? null;
  }
}

/** Cuts what the model remembers of its own words to what was heard. */
export function truncatePart(part: Extract<Part, { type: "output_audio" }>, audioEndMs: number): void {
  part.text = textSpokenBy(part.text, audioEndMs, part.msPerChar);
  part.audioMs = audioEndMs;
  part.truncated = true;
}

/** An item that a client creates, as ours. `mintId` supplies the id that the client did not. References are not items. */
export function itemFromInput(input: Exclude<ItemInput, { type: "item_reference" }>, mintId: () => string): Item {
  const id = input.id ?? mintId();
  switch (input.type) {
    case "message":
      return { type: "message", id, status: "completed", role: input.role, content: input.content.map(partFromInput) };
    case "function_call":
      return { type: "function_call", id, status: "completed", callId: input.call_id ?? id, name: input.name, arguments: input.arguments };
    case "function_call_output":
      return { type: "function_call_output", id, status: "completed", callId: input.call_id, output: input.output };
    default:
      return input satisfies never;
  }
}

function partFromInput(input: ContentInput): Part {
  if (input.type === "input_audio")
    return { type: "input_audio", understood: input.transcript ?? "", audioMs: 0, transcript: input.transcript ?? null };
  if (input.type === "input_image") return { type: "input_image" };
  if (input.type === "output_text") return { type: "output_text", text: input.text ?? "" };
  return { type: "input_text", text: input.text ?? "" };
}

/** The item as the vendor writes it. */
export function wireItem(item: Item): { readonly [field: string]: unknown } {
  const head = { id: item.id, object: "realtime.item", type: item.type, status: item.status };
  switch (item.type) {
    case "message":
      return { ...head, role: item.role, content: item.content.map(wirePart) };
    case "function_call":
      return { ...head, call_id: item.callId, name: item.name, arguments: item.arguments };
    case "function_call_output":
      return { ...head, call_id: item.callId, output: item.output };
    default:
      return item satisfies never;
  }
}

function wirePart(part: Part): { readonly [field: string]: unknown } {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return { type: part.type, text: part.text };
    case "input_image":
      return { type: part.type };
    case "input_audio":
      return { type: part.type, transcript: part.transcript };
    case "output_audio":
      return { type: part.type, transcript: part.truncated ? "" : part.text };
    default:
      return part satisfies never;
  }
}

/** What was said in an item, in words. */
export function itemText(item: MessageItem): string {
  return item.content
    .map((part) => {
      if (part.type === "input_audio") return part.understood;
      return part.type === "input_image" ? "" : part.text;
    })
    .join(" ")
    .trim();
}

/** The items as a mind remembers them. */
export function memoriesOf(items: readonly Item[]): readonly Memory[] {
  return items.map((item): Memory => {
    switch (item.type) {
      case "message":
        return { role: item.role, itemId: item.id, text: itemText(item) };
      case "function_call":
        return { role: "tool_call", itemId: item.id, callId: item.callId, name: item.name, arguments: item.arguments };
      case "function_call_output": {
        const call = items.find((other) => other.type === "function_call" && other.callId === item.callId);
        return {
          role: "tool_output",
          itemId: item.id,
          callId: item.callId,
          name: call?.type === "function_call" ? call.name : null,
          text: item.output,
        };
      }
      default:
        return item satisfies never;
    }
  });
}
