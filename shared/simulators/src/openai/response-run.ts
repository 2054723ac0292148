/**
 * One response of the simulated model, from its creation to response.done: it asks the mind, turns the reply into items, and lets their
 * audio out in deltas at the profile's pace. The order of events is that of platform.openai.com/docs/guides/realtime-conversations.
 */
import { DEFAULT_MS_PER_CHAR, FRAME_BYTES, FRAME_MS, speak } from "../speech.ts";
import { planFrames } from "../speech-plan.ts";
import type { ResponseParams, ToolSettings } from "./client-event.ts";
import { type Conversation, type Item, memoriesOf } from "./conversation.ts";
import type { LatencyProfile } from "./latency.ts";
import type { Mind, MindReply, MindToolCall, MindTurn } from "./mind.ts";
import { encodeAudio } from "./output-audio.ts";
import { ResponseOutput } from "./response-output.ts";
import type { SessionConfig } from "./session-config.ts";
import { type Step, withTrouble } from "./step.ts";
import { TokenBudget } from "./token-budget.ts";
import { plainName } from "./tool-name.ts";
import { inputSegments, type ResponseUsage, type Segment } from "./usage.ts";
import type { Wire } from "./wire.ts";

export type ResponseStatus = "completed" | "cancelled" | "incomplete" | "failed";

/** What a response needs from its session. */
export interface ResponseHost {
  readonly wire: Wire;
  readonly number: number;
  readonly latency: LatencyProfile;
  readonly conversation: Conversation;
  readonly conversationId: string;
  readonly mind: Mind;
  config(): SessionConfig;
  readonly jittered: (ms: number) => number;
  mintId(prefix: string): string;
  /** An assistant item has begun; what is generated of it goes into the returned line. */
  spoke(itemId: string): { text: string };
  /** The response has ended; its usage, or `null` when nothing was generated. */
  finished(run: ResponseRun): ResponseUsage | null;
}

interface Ending {
  readonly status: ResponseStatus;
  readonly details: { readonly [field: string]: unknown } | null;
}

export class ResponseRun {
  readonly id: string;
  readonly params: ResponseParams;
  /** It belongs to no conversation. */
  readonly outOfBand: boolean;
  phase: "creating" | "active" | "done" = "creating";
  status: ResponseStatus | "in_progress" = "in_progress";
  /** What the model read, at the moment of creation. */
  segments: readonly Segment[] = [];
  readonly output: ResponseOutput;
  readonly #host: ResponseHost;
  readonly #input: readonly Item[] | null;
  #disarm: () => void = () => {};
  #interruptedEarly = false;

  /** @param input the items to answer instead of the conversation, when the request brings its own. */
  constructor(host: ResponseHost, params: ResponseParams, input: readonly Item[] | null) {
    this.#host = host;
    this.#input = input;
    this.params = params;
    this.outOfBand = params.conversation === "none";
    this.id = host.mintId("resp");
    this.output = new ResponseOutput(host, { responseId: this.id, outOfBand: this.outOfBand });
  }

  start(): void {
    this.#wait(this.#host.jittered(this.#host.latency.responseMs), () => this.#create());
  }

  /** Ends a running response. An interruption before response.created takes effect as soon as that has been sent. */
  cancel(reason: "turn_detected" | "client_cancelled"): void {
    if (this.phase === "creating") this.#interruptedEarly = true;
    else this.#finish({ status: "cancelled", details: { type: "cancelled", reason } });
  }

  #create(): void {
    this.phase = "active";
    this.#host.wire.emit("response.created", { response: this.#wireResponse(null, null) });
    if (this.#interruptedEarly) return this.cancel("turn_detected");
    const turn = this.#turn();
    const items = this.#input ?? this.#host.conversation.items;
    this.segments = inputSegments({ instructions: turn.requestInstructions ?? turn.instructions, tools: turn.tools, items });
    void this.#think(turn);
  }

  async #think(turn: MindTurn): Promise<void> {
    try {
      const reply = await this.#host.mind(turn);
      if (this.phase === "active") this.#perform(reply, turn);
    } catch (thrown) {
      this.#fail("server_error", `The simulated mind failed: ${String(thrown)}`);
    }
  }

  #turn(): MindTurn {
    const config = this.#host.config();
    const history = memoriesOf(this.#input ?? this.#host.conversation.items);
    const lastUser = history.findLast((memory) => memory.role === "user");
    const metadata = this.params.metadata ?? {};
    const toolChoice = this.params.tool_choice ?? config.tool_choice;
    return {
      session: { id: config.id, number: this.#host.number, model: config.model },
      instructions: config.instructions,
      requestInstructions: this.params.instructions ?? null,
      history,
      lastUser: lastUser?.role === "user" ? lastUser.text : null,
      purpose: metadata["purpose"] ?? null,
      metadata,
      tools: toolChoice === "none" ? [] : offeredTools(this.params.tools ?? config.tools),
      toolChoice,
      outOfBand: this.outOfBand,
      channel: "voice",
      format: null,
    };
  }

  #perform(reply: MindReply, turn: MindTurn): void {
    const { wire, jittered, latency } = this.#host;
    const failure = wire.strike("fail_response");
    const stall = wire.strike("stall_deltas");
    const neverDone = wire.strike("never_done");
    const fail = (): void => this.#fail(failure?.code ?? "server_error", failure?.message ?? SERVER_ERROR);
    if (failure && (failure.afterDeltas ?? 0) === 0) return fail();

    const budget = new TokenBudget(this.params.max_output_tokens ?? this.#host.config().max_output_tokens);
    let steps = this.#replySteps(reply, turn, budget);
    const ending = endingOf(reply, budget.spent);
    steps = [...steps, { afterMs: 0, run: () => (neverDone ? undefined : this.#finish(ending)) }];
    if (failure) steps = withTrouble(steps, failure.afterDeltas ?? 0, (step) => ({ ...step, run: fail }));
    if (stall) steps = withTrouble(steps, stall.afterDeltas, (step) => ({ ...step, afterMs: stall.forMs ?? Number.POSITIVE_INFINITY }));
    this.#wait(jittered(latency.firstAudioMs), () => this.#walk(steps, 0));
  }

  #replySteps(reply: MindReply, turn: MindTurn, budget: TokenBudget): readonly Step[] {
    const { wire } = this.#host;
    const asText = this.#modality() === "text" || wire.strike("text_reply") !== undefined;
    const burst = wire.strike("burst_audio") !== undefined;
    const says = (typeof reply.say === "string" ? [reply.say] : (reply.say ?? [])).filter((text) => text.length > 0);
    const spoken = says.flatMap((text) => (asText ? this.#textSteps(text) : this.#speechSteps(text, budget, burst)));
    if (budget.spent) return spoken;
    return [...spoken, ...(reply.toolCalls ?? []).map((call): Step => this.#callStep(call, turn))];
  }

  #speechSteps(text: string, budget: TokenBudget, burst: boolean): readonly Step[] {
    const { latency, jittered } = this.#host;
    const settings = this.#host.config().audio.output;
    const format = this.params.audio?.output?.format ?? settings.format;
    const msPerChar = DEFAULT_MS_PER_CHAR / settings.speed;
    const planned = planFrames(text, msPerChar);
    const frames = planned.slice(0, budget.spendSpeech(text, planned.length));
    const audio = speak(text, { msPerChar });
    const perDelta = Math.max(1, Math.round(latency.deltaMs / FRAME_MS));
    const paceMs = burst ? 0 : (perDelta * FRAME_MS) / latency.speed;
    const deltas: Step[] = [];
    for (let at = 0; at < frames.length; at += perDelta) {
      const some = frames.slice(at, at + perDelta);
      const words = some.map((frame) => frame.text).join("");
      const bytes = audio.subarray(at * FRAME_BYTES, (at + some.length) * FRAME_BYTES);
      const run = (): void => this.output.speak(words, encodeAudio(bytes, format), some.length * FRAME_MS);
      deltas.push({ afterMs: at === 0 ? 0 : jittered(paceMs), run, delta: true });
    }
    return [
      { afterMs: 0, run: () => this.output.openMessage({ type: "output_audio", text: "", audioMs: 0, truncated: false, msPerChar }) },
      ...deltas,
      { afterMs: 0, run: () => this.output.closeMessage(budget.spent ? "incomplete" : "completed") },
    ];
  }

  #textSteps(text: string): readonly Step[] {
    const pieces = text.match(/\S+\s*/g) ?? [text];
    return [
      { afterMs: 0, run: () => this.output.openMessage({ type: "output_text", text: "" }) },
      ...pieces.map((words): Step => ({ afterMs: 0, run: () => this.output.write(words), delta: true })),
      { afterMs: 0, run: () => this.output.closeMessage("completed") },
    ];
  }

  #callStep(call: MindToolCall, turn: MindTurn): Step {
    const tool = turn.tools.find((offered) => plainName(offered.name) === plainName(call.name));
    if (tool) return { afterMs: 0, run: () => this.output.call(tool.name, JSON.stringify(call.arguments ?? {})) };
    const names = turn.tools.map((offered) => offered.name).join(", ") || "none";
    return {
      afterMs: 0,
      run: () => this.#fail("server_error", `The simulated mind called '${call.name}'; this session offers: ${names}.`),
    };
  }

  #walk(steps: readonly Step[], from: number): void {
    for (let index = from; index < steps.length; index++) {
      const step = steps[index];
      if (!step || this.phase !== "active" || this.#host.wire.closed) return;
      if (step.afterMs > 0 && index > from) {
        if (step.afterMs !== Number.POSITIVE_INFINITY) this.#wait(step.afterMs, () => this.#walk(steps, index));
        return;
      }
      step.run();
    }
  }

  #fail(code: string, message: string): void {
    this.#finish({ status: "failed", details: { type: "failed", error: { type: "server_error", code, message } } });
  }

  #finish(ending: Ending): void {
    if (this.phase !== "active") return;
    this.phase = "done";
    this.#disarm();
    this.output.closeMessage(ending.status === "completed" ? "completed" : "incomplete");
    this.status = ending.status;
    const usage = this.#host.finished(this);
    this.#host.wire.emit("response.done", { response: this.#wireResponse(ending.details, usage) });
    this.#host.wire.emit("rate_limits.updated", {
      rate_limits: [
        { name: "requests", limit: 10_000, remaining: 9_999, reset_seconds: 0.006 },
        { name: "tokens", limit: 2_000_000, remaining: 1_990_000, reset_seconds: 0.3 },
      ],
    });
  }

  #wireResponse(details: Ending["details"], usage: ResponseUsage | null): { readonly [field: string]: unknown } {
    const config = this.#host.config();
    const asked = this.params.audio?.output;
    return {
      object: "realtime.response",
      id: this.id,
      status: this.status,
      status_details: details,
      output: this.output.wireItems(),
      conversation_id: this.outOfBand ? null : this.#host.conversationId,
      output_modalities: [this.#modality()],
      max_output_tokens: this.params.max_output_tokens ?? config.max_output_tokens,
      audio: { output: { format: asked?.format ?? config.audio.output.format, voice: asked?.voice ?? config.audio.output.voice } },
      usage,
      metadata: this.params.metadata ?? null,
    };
  }

  #modality(): "audio" | "text" {
    return (this.params.output_modalities ?? this.#host.config().output_modalities)[0] ?? "audio";
  }

  #wait(ms: number, run: () => void): void {
    this.#disarm = this.#host.wire.after(ms, run);
  }
}

const SERVER_ERROR = "The server had an error while processing your request. Sorry about that!";

function endingOf(reply: MindReply, spent: boolean): Ending {
  if (spent) return { status: "incomplete", details: { type: "incomplete", reason: "max_output_tokens" } };
  if (reply.fail) return { status: "failed", details: { type: "failed", error: { type: "server_error", ...reply.fail } } };
  if (reply.incomplete) return { status: "incomplete", details: { type: "incomplete", reason: reply.incomplete } };
  return { status: "completed", details: null };
}

/** The functions among the tools, as a mind sees them. */
export function offeredTools(tools: readonly ToolSettings[]): MindTurn["tools"] {
  return tools.flatMap((tool) =>
    tool.type === "function" && tool.name
      ? [{ name: tool.name, description: tool.description ?? "", parameters: tool.parameters ?? {} }]
      : [],
  );
}
