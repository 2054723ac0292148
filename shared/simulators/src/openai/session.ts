/**
 * One simulated Realtime session: what the vendor's server does with each client event. It owns the session's state; the sub-machines
 * (input buffer, conversation, response) own theirs. All waiting is on the wire's timers, that is, on the injected clock.
 */
import { unreachable } from "@struere/kernel";
import { clientEventProblems } from "@struere/protocol/openai-validate";
import type { ClientEvent, ItemInput, ResponseParams } from "./client-event.ts";
import { Conversation, type Item, itemFromInput, itemText, type MessageItem, truncatePart, wireItem } from "./conversation.ts";
import { InputBuffer, type Stretch, type VoiceActivity } from "./input-buffer.ts";
import type { InvoiceLine } from "./invoice.ts";
import type { LatencyProfile } from "./latency.ts";
import type { Mind } from "./mind.ts";
import { type ResponseHost, ResponseRun } from "./response-run.ts";
import { defaultSession, type SessionConfig, updateSession } from "./session-config.ts";
import { transcribe } from "./transcription.ts";
import { responseUsage, type ResponseUsage, type Segment } from "./usage.ts";
import type { VendorProblem } from "./vendor-problem.ts";
import type { RecordedEvent, Wire } from "./wire.ts";

/** A line of a session's transcript, in the order of the conversation. */
export interface TranscriptLine {
  readonly by: "caller" | "agent";
  readonly itemId: string;
  /** Agent: all that was generated. Caller: what the model understood. */
  readonly text: string;
  /** What the model still remembers of it: cut by truncation, `null` once deleted. */
  readonly kept: string | null;
}

export interface SessionOptions {
  readonly wire: Wire;
  readonly number: number;
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly mind: Mind;
  readonly latency: LatencyProfile;
  readonly random: () => number;
  readonly safetyIdentifier: string | null;
  readonly bill: (line: InvoiceLine) => void;
}

const TOO_SHORT_MS = 100;

export class SimulatedSession implements ResponseHost {
  readonly id: string;
  /** The order in which sessions were opened, from 1. */
  readonly number: number;
  readonly model: string;
  readonly wire: Wire;
  readonly mind: Mind;
  readonly latency: LatencyProfile;
  readonly conversation = new Conversation();
  readonly conversationId: string;
  readonly safetyIdentifier: string | null;
  readonly #options: SessionOptions;
  readonly #buffer = new InputBuffer();
  readonly #lines: { readonly by: "caller" | "agent"; readonly itemId: string; text: string }[] = [];
  #config: SessionConfig;
  #active: ResponseRun | null = null;
  readonly #asides = new Set<ResponseRun>();
  #turnItemId: string | null = null;
  #spoken = false;
  #lastInput: readonly Segment[] = [];
  #lastId = 0;
  #disarmIdle: () => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.number = options.number;
    this.model = options.model;
    this.wire = options.wire;
    this.mind = options.mind;
    this.latency = options.latency;
    this.safetyIdentifier = options.safetyIdentifier;
    this.conversationId = `conv_${options.id}`;
    this.#config = defaultSession({ id: options.id, model: options.model, expiresAt: options.expiresAt });
  }

  /** Everything that came from the client, in order. */
  get received(): readonly RecordedEvent[] {
    return this.wire.received;
  }

  /** Everything that was sent to the client, in order. */
  get emitted(): readonly RecordedEvent[] {
    return this.wire.emitted;
  }

  /** How much audio was appended. */
  get appendedMs(): number {
    return this.#buffer.appendedMs;
  }

  get callerSpeaking(): boolean {
    return this.#buffer.speaking;
  }

  get activeResponseId(): string | null {
    return this.#active?.id ?? null;
  }

  get transcript(): readonly TranscriptLine[] {
    return this.#lines.map((line) => {
      const item = this.conversation.find(line.itemId);
      return { ...line, kept: item?.type === "message" ? itemText(item) : null };
    });
  }

  open(): void {
    if (!this.wire.strike("no_session_created")) this.wire.emit("session.created", { session: this.#config });
  }

  /** One message of the client, as it came. */
  receive(text: string): void {
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch {
      return this.wire.error({ code: "invalid_event", message: "We could not parse the JSON body of your event." });
    }
    const named =
      typeof event === "object" && event !== null && "type" in event && typeof event.type === "string" ? event.type : "(no type)";
    if (!this.wire.receive({ ...(typeof event === "object" ? event : {}), type: named })) return;
    const [problem] = clientEventProblems(event);
    if (problem) return this.wire.error(problem, eventIdOf(event));
    // Validated just above, field by field.
    this.#handle(event as ClientEvent);
  }

  /** The client is gone: nothing more is generated, and what was is billed; it only can not be told any more. */
  abandoned(): void {
    for (const run of [this.#active, ...this.#asides]) if (run?.phase === "active") run.cancel("client_cancelled");
  }

  config(): SessionConfig {
    return this.#config;
  }

  jittered = (ms: number): number => ms * (1 + this.latency.jitter * (2 * this.#options.random() - 1));

  mintId(prefix: string): string {
    return `${prefix}_s${this.number}_${++this.#lastId}`;
  }

  spoke(itemId: string): { text: string } {
    const line = { by: "agent" as const, itemId, text: "" };
    this.#lines.push(line);
    return line;
  }

  finished(run: ResponseRun): ResponseUsage | null {
    if (run === this.#active) this.#active = null;
    this.#asides.delete(run);
    const { tokens } = run.output;
    if (run.output.audioMs > 0) this.#spoken = true;
    if (run.status === "failed" && tokens.text + tokens.audio === 0) return null;
    const usage = responseUsage(run.segments, this.#lastInput, tokens);
    if (!run.outOfBand) {
      this.#lastInput = run.segments;
      this.#awaitIdle(run.output.audioMs);
    }
    if (run.status !== "in_progress") {
      this.#options.bill({ kind: "response", sessionId: this.id, model: this.model, responseId: run.id, status: run.status, usage });
    }
    return usage;
  }

  #handle(event: ClientEvent): void {
    switch (event.type) {
      case "session.update":
        return this.#update(event);
      case "input_audio_buffer.append":
        return this.#append(Buffer.from(event.audio, "base64"));
      case "input_audio_buffer.commit":
        return this.#commitByHand(event.event_id);
      case "input_audio_buffer.clear":
        this.#buffer.clear();
        return this.wire.emit("input_audio_buffer.cleared");
      case "conversation.item.create":
        return this.#createItem(event);
      case "conversation.item.retrieve":
        return this.#withItem(event, (item) => this.wire.emit("conversation.item.retrieved", { item: wireItem(item) }));
      case "conversation.item.truncate":
        return this.#truncate(event);
      case "conversation.item.delete":
        return this.#withItem(event, (item) => {
          this.conversation.delete(item.id);
          this.wire.emit("conversation.item.deleted", { item_id: item.id });
        });
      case "response.create":
        return this.#createResponse(event.response ?? {}, event.event_id);
      case "response.cancel":
        return this.#cancelResponse(event);
      default:
        return unreachable(event);
    }
  }

  #update(event: Extract<ClientEvent, { type: "session.update" }>): void {
    const updated = updateSession(this.#config, event.session, this.#spoken);
    if (!updated.ok) return this.wire.error(updated.problem, event.event_id);
    if (!this.wire.strike("ignore_update")) this.#config = updated.value;
    this.wire.emit("session.updated", { session: this.#config });
  }

  #append(audio: Uint8Array): void {
    const { format, turn_detection } = this.#config.audio.input;
    for (const activity of this.#buffer.append(audio, format.type, turn_detection)) this.#voiceActivity(activity);
  }

  #voiceActivity(activity: VoiceActivity): void {
    const detection = this.#config.audio.input.turn_detection;
    if (activity.type === "started") {
      this.#disarmIdle();
      this.#turnItemId = this.mintId("item");
      this.wire.emit("input_audio_buffer.speech_started", { audio_start_ms: activity.audioStartMs, item_id: this.#turnItemId });
      if (detection?.interrupt_response) this.#active?.cancel("turn_detected");
      return;
    }
    const itemId = this.#turnItemId ?? this.mintId("item");
    this.wire.emit("input_audio_buffer.speech_stopped", { audio_end_ms: activity.audioEndMs, item_id: itemId });
    this.#commit(itemId, activity.stretch);
    if (detection?.create_response) this.#createResponse({}, undefined);
  }

  #commitByHand(eventId: string | undefined): void {
    const stretch = this.#buffer.take();
    if (stretch.audioMs < TOO_SHORT_MS) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${stretch.audioMs}ms of audio.`;
      return this.wire.error({ code: "input_audio_buffer_commit_empty", message }, eventId);
    }
    this.#commit(this.#turnItemId ?? this.mintId("item"), stretch);
  }

  #commit(itemId: string, stretch: Stretch): void {
    this.#turnItemId = null;
    this.wire.emit("input_audio_buffer.committed", { item_id: itemId, previous_item_id: this.conversation.lastId });
    const part = { type: "input_audio" as const, understood: stretch.understood, audioMs: stretch.audioMs, transcript: null };
    const item: MessageItem = { type: "message", id: itemId, status: "completed", role: "user", content: [part] };
    this.#lines.push({ by: "caller", itemId, text: stretch.understood });
    this.#insert(item);
    const model = this.#config.audio.input.transcription?.model;
    if (this.#config.audio.input.transcription)
      transcribe(this, { itemId, part, model: model ?? "gpt-transcribe", bill: this.#options.bill });
  }

  #insert(item: Item, previousItemId?: string | null): boolean {
    const previous = this.conversation.insert(item, previousItemId);
    if (previous === undefined) return false;
    this.wire.emit("conversation.item.added", { previous_item_id: previous, item: wireItem(item) });
    this.wire.emit("conversation.item.done", { previous_item_id: previous, item: wireItem(item) });
    return true;
  }

  #createItem(event: Extract<ClientEvent, { type: "conversation.item.create" }>): void {
    const input = event.item;
    if (input.type === "item_reference") return;
    const problem = this.#itemProblem(input);
    if (problem) return this.wire.error(problem, event.event_id);
    if (
      this.#insert(
        itemFromInput(input, () => this.mintId("item")),
        event.previous_item_id,
      )
    )
      return;
    const message = `Error: the previous item with id '${event.previous_item_id}' does not exist.`;
    this.wire.error({ code: "invalid_value", param: "previous_item_id", message }, event.event_id);
  }

  #itemProblem(input: Exclude<ItemInput, { type: "item_reference" }>): VendorProblem | undefined {
    if (input.id !== undefined && this.conversation.find(input.id)) {
      return { code: "invalid_value", param: "item.id", message: `Error adding item: an item with id '${input.id}' already exists.` };
    }
    if (input.type !== "function_call_output") return undefined;
    const known = this.conversation.items.some((item) => item.type === "function_call" && item.callId === input.call_id);
    return known
      ? undefined
      : { code: "invalid_value", param: "item.call_id", message: `Tool call ID '${input.call_id}' not found in conversation.` };
  }

  #truncate(event: Extract<ClientEvent, { type: "conversation.item.truncate" }>): void {
    this.#withItem(event, (item) => {
      const part = item.type === "message" && item.role === "assistant" ? item.content[event.content_index] : undefined;
      if (part?.type !== "output_audio") {
        return this.wire.error({ code: "invalid_value", message: "Only model output audio messages can be truncated." }, event.event_id);
      }
      if (event.audio_end_ms > part.audioMs) {
        const message = `Audio content of ${part.audioMs}ms is already shorter than ${event.audio_end_ms}ms`;
        return this.wire.error({ code: "invalid_value", message }, event.event_id);
      }
      truncatePart(part, event.audio_end_ms);
      const { item_id, content_index, audio_end_ms } = event;
      this.wire.emit("conversation.item.truncated", { item_id, content_index, audio_end_ms });
    });
  }

  #withItem(event: { readonly type: string; readonly item_id: string; readonly event_id?: string }, act: (item: Item) => void): void {
    const item = this.conversation.find(event.item_id);
    if (item) return act(item);
    const verb = event.type.slice("conversation.item.".length);
    const message = `Error ${verb.slice(0, -1)}ing item: the item with id '${event.item_id}' does not exist.`;
    this.wire.error({ code: `item_${verb}_invalid_item_id`, param: "item_id", message }, event.event_id);
  }

  #createResponse(params: ResponseParams, eventId: string | undefined): void {
    if (eventId !== undefined && this.wire.strike("ignore_create")) return;
    if (params.conversation !== "none" && (this.#active || this.wire.strike("reject_create"))) {
      const running = this.#active?.id ?? this.mintId("resp");
      const message = `Conversation already has an active response in progress: ${running}. Wait until the response is finished before creating a new one.`;
      return this.wire.error({ code: "conversation_already_has_active_response", message }, eventId);
    }
    const missing = params.input?.findIndex((input) => input.type === "item_reference" && !this.conversation.find(input.id)) ?? -1;
    if (missing >= 0) {
      const param = `response.input[${missing}].id`;
      return this.wire.error({ code: "invalid_value", param, message: "The referenced item does not exist." }, eventId);
    }
    this.#disarmIdle();
    const run = new ResponseRun(this, params, params.input ? this.#resolve(params.input) : null);
    if (run.outOfBand) this.#asides.add(run);
    else this.#active = run;
    run.start();
  }

  #resolve(inputs: readonly ItemInput[]): readonly Item[] {
    return inputs.flatMap((input) => {
      if (input.type !== "item_reference") return [itemFromInput(input, () => this.mintId("item"))];
      const item = this.conversation.find(input.id);
      return item ? [item] : [];
    });
  }

  /** A response that has not been announced yet can not be cancelled: it comes all the same. */
  #cancelResponse(event: Extract<ClientEvent, { type: "response.cancel" }>): void {
    const running = [this.#active, ...this.#asides].find((run) => run && (event.response_id === undefined || run.id === event.response_id));
    if (running?.phase === "active") return running.cancel("client_cancelled");
    this.wire.error({ code: "response_cancel_not_active", message: "Cancellation failed: no active response found" }, event.event_id);
  }

  /** server_vad's idle_timeout_ms counts from the end of play-out. */
  #awaitIdle(audioMs: number): void {
    this.#disarmIdle();
    const detection = this.#config.audio.input.turn_detection;
    if (detection?.type !== "server_vad" || detection.idle_timeout_ms === null) return;
    this.#disarmIdle = this.wire.after(audioMs + detection.idle_timeout_ms, () => {
      if (this.#buffer.speaking || this.#active) return;
      const itemId = this.mintId("item");
      const { appendedMs } = this.#buffer;
      this.wire.emit("input_audio_buffer.timeout_triggered", { audio_start_ms: appendedMs, audio_end_ms: appendedMs, item_id: itemId });
      this.#commit(itemId, { understood: "", audioMs: 0 });
      this.#createResponse({}, undefined);
    });
  }
}

function eventIdOf(event: unknown): string | undefined {
  const id = typeof event === "object" && event !== null && "event_id" in event ? event.event_id : undefined;
  return typeof id === "string" ? id : undefined;
}
