/** The items of one response as they are generated, and the events that tell of them. */
import { type Item, type ItemStatus, type MessageItem, type Part, wireItem } from "./conversation.ts";
import type { ResponseHost } from "./response-run.ts";
import { textTokens, type TokenPair } from "./usage.ts";

type OutputPart = Extract<Part, { readonly type: "output_audio" | "output_text" }>;

interface OpenMessage {
  readonly item: MessageItem;
  readonly part: OutputPart;
  readonly outputIndex: number;
  /** Everything generated of it, whatever was truncated since. */
  readonly line: { text: string };
}

export class ResponseOutput {
  /** Speech generated, heard or not. */
  audioMs = 0;
  readonly #host: ResponseHost;
  readonly #responseId: string;
  readonly #outOfBand: boolean;
  readonly #items: Item[] = [];
  #text = 0;
  #open: OpenMessage | null = null;

  constructor(host: ResponseHost, options: { readonly responseId: string; readonly outOfBand: boolean }) {
    this.#host = host;
    this.#responseId = options.responseId;
    this.#outOfBand = options.outOfBand;
  }

  /** What it costs. */
  get tokens(): TokenPair {
    return { text: this.#text, audio: Math.ceil(this.audioMs / 50) };
  }

  wireItems(): readonly unknown[] {
    return this.#items.map(wireItem);
  }

  openMessage(part: OutputPart): void {
    const item: MessageItem = { type: "message", id: this.#host.mintId("item"), status: "in_progress", role: "assistant", content: [] };
    const line = this.#outOfBand ? { text: "" } : this.#host.spoke(item.id);
    const open = { item, part, outputIndex: this.#items.length, line };
    this.#add(item);
    item.content.push(part);
    this.#open = open;
    this.#host.wire.emit("response.content_part.added", { ...this.#place(open), part: wirePart(part.type, "") });
  }

  speak(words: string, delta: string, ms: number): void {
    const open = this.#open;
    if (open?.part.type !== "output_audio") return;
    open.line.text += words;
    this.audioMs += ms;
    if (!open.part.truncated) {
      open.part.text += words;
      open.part.audioMs += ms;
    }
    if (words) this.#host.wire.emit("response.output_audio_transcript.delta", { ...this.#place(open), delta: words });
    this.#host.wire.emit("response.output_audio.delta", { ...this.#place(open), delta });
  }

  write(words: string): void {
    const open = this.#open;
    if (!open) return;
    open.line.text += words;
    open.part.text += words;
    this.#host.wire.emit("response.output_text.delta", { ...this.#place(open), delta: words });
  }

  /** Closes the message that is being generated, if one is. */
  closeMessage(status: ItemStatus): void {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    const { wire } = this.#host;
    const place = this.#place(open);
    const generated = open.line.text;
    this.#text += textTokens(generated);
    if (open.part.type === "output_audio") {
      wire.emit("response.output_audio.done", place);
      wire.emit("response.output_audio_transcript.done", { ...place, transcript: generated });
    } else {
      wire.emit("response.output_text.done", { ...place, text: generated });
    }
    wire.emit("response.content_part.done", { ...place, part: wirePart(open.part.type, generated) });
    this.#complete(open.item, open.outputIndex, status);
  }

  call(name: string, argumentsJson: string): void {
    const { wire } = this.#host;
    const id = this.#host.mintId("item");
    const item: Item = { type: "function_call", id, status: "in_progress", callId: this.#host.mintId("call"), name, arguments: "" };
    const outputIndex = this.#items.length;
    const place = { response_id: this.#responseId, item_id: id, output_index: outputIndex, call_id: item.callId };
    this.#add(item);
    wire.emit("response.function_call_arguments.delta", { ...place, delta: argumentsJson });
    item.arguments = argumentsJson;
    this.#text += textTokens(name + argumentsJson);
    wire.emit("response.function_call_arguments.done", { ...place, name, arguments: argumentsJson });
    this.#complete(item, outputIndex, "completed");
  }

  #add(item: Item): void {
    const { wire, conversation } = this.#host;
    const outputIndex = this.#items.push(item) - 1;
    wire.emit("response.output_item.added", { response_id: this.#responseId, output_index: outputIndex, item: wireItem(item) });
    if (this.#outOfBand) return;
    const previous = conversation.insert(item) ?? null;
    wire.emit("conversation.item.added", { previous_item_id: previous, item: wireItem(item) });
  }

  #complete(item: Item, outputIndex: number, status: ItemStatus): void {
    const { wire, conversation } = this.#host;
    item.status = status;
    wire.emit("response.output_item.done", { response_id: this.#responseId, output_index: outputIndex, item: wireItem(item) });
    if (this.#outOfBand || !conversation.find(item.id)) return;
    wire.emit("conversation.item.done", { previous_item_id: conversation.previousOf(item.id), item: wireItem(item) });
  }

  #place(open: OpenMessage): { readonly [field: string]: unknown } {
    return { response_id: this.#responseId, item_id: open.item.id, output_index: open.outputIndex, content_index: 0 };
  }
}

const wirePart = (type: OutputPart["type"], text: string): { readonly [field: string]: unknown } =>
  type === "output_audio" ? { type: "audio", transcript: text } : { type: "text", text };
