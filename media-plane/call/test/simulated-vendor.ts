/**
 * The model's vendor: sessions that open or not, a VAD that answers the caller by itself, one response at a time, and news that may be late,
 * doubled or lost. It knows nothing of the machine but the requests that reach it.
 */
import type { CallEvent } from "../src/index.ts";
import type { Chance } from "./chance.ts";
import { A_USAGE } from "./play.ts";
import { FRAME_MS, type SimulatedLine } from "./simulated-line.ts";

type ModelNews = Extract<CallEvent, { readonly leg: number }>;
type Untold = ModelNews extends infer News ? (News extends unknown ? Omit<News, "at" | "leg"> : never) : never;
type ErrorCode = "conversation_already_has_active_response" | "response_cancel_not_active" | "server_error" | "invalid_value";

export interface VendorSurroundings {
  readonly chance: Chance;
  readonly line: SimulatedLine;
  /** How long the call may last. */
  readonly lengthMs: number;
  /** How long its news takes to the node. */
  readonly lagMs: number;
  /** Does this go wrong, in a world as bad as this one? */
  mischief(probability: number): boolean;
  later(inMs: number, run: () => void): void;
  tell(news: Untold, leg: number): void;
}

interface Response {
  readonly responseId: string;
  readonly itemIds: string[];
  isOver: boolean;
}

const KINDS = ["speech", "speech", "speech", "speech", "two", "tools", "tools", "nothing", "failed", "stalled"] as const;
const TOOLS = [
  ...["entity.query", "entity.query", "entity.query", "router.transfer", "router.transfer"],
  ...["call.sendDigits", "call.transfer", "custom.end", "call.end", "entity.query"],
];

export class SimulatedVendor {
  /** What it bills and has not told the end of yet: responses, and turns that it transcribes. */
  readonly untold = { responses: new Set<string>(), turns: new Set<string>() };
  readonly #around: VendorSurroundings;
  #autoRespond = true;
  #leg = 0;
  #isUp = false;
  #active: Response | null = null;
  #responses = 0;
  #items = 0;
  #tools = 0;

  constructor(around: VendorSurroundings) {
    this.#around = around;
  }

  open(leg: number): void {
    const { chance, lengthMs, mischief, later } = this.#around;
    this.#leg = leg;
    if (mischief(0.1)) return;
    if (mischief(0.1)) return later(50, () => leg === this.#leg && this.#lose("refused"));
    later(chance.between(30, 400), () => {
      this.#isUp = true;
      this.#tellSurely(0, { type: "model.opened", sessionId: `sess_${leg}`, expiresAt: null });
    });
    if (mischief(0.08)) later(chance.between(400, lengthMs), () => this.#isUp && this.#lose("1006"));
  }

  configure(requestId: string, autoRespond: boolean): void {
    const { chance, mischief } = this.#around;
    this.#autoRespond = autoRespond;
    if (mischief(0.05)) return;
    if (mischief(0.02)) return this.#refuse(requestId, "invalid_value");
    this.#tellSurely(chance.between(20, 200), { type: "model.configured" });
  }

  reconfigure(requestId: string, autoRespond: boolean | null): void {
    const { chance, mischief } = this.#around;
    if (mischief(0.05)) return this.#refuse(requestId, "invalid_value");
    if (autoRespond !== null) this.#autoRespond = autoRespond;
    this.#tellSurely(chance.between(20, 200), { type: "model.configured" });
  }

  request(requestId: string): void {
    const { chance, mischief } = this.#around;
    if (mischief(0.04)) return this.#refuse(requestId, chance.pick(["server_error", "invalid_value"] as const));
    if (!this.#active) return this.#respond(requestId);
    this.#tellSurely(30, { type: "model.errored", code: "conversation_already_has_active_response", message: "", requestId });
  }

  cancel(responseId: string, requestId: string): void {
    const response = this.#active;
    if (response?.responseId !== responseId) return this.#refuse(requestId, "response_cancel_not_active");
    this.#end(response, 30, { status: "cancelled", reason: "client_cancelled" });
  }

  close(): void {
    this.#isUp = false;
    if (this.#active) this.#active.isOver = true;
    this.#active = null;
  }

  /** The caller speaks for so long: a turn, usually a transcription, usually an answer. */
  hear(itemId: string, ms: number): void {
    const { chance, mischief, later } = this.#around;
    if (!this.#isUp) return;
    this.#tell(0, { type: "model.speech_started", itemId });
    this.#tell(ms, { type: "model.speech_stopped", itemId });
    this.#tell(ms, { type: "model.turn_committed", itemId });
    later(ms, () => {
      if (this.#isUp) this.untold.turns.add(itemId);
    });
    later(ms + 20, () => this.#answerCaller());
    if (mischief(0.1)) return;
    if (chance.happens(0.1)) return this.#tell(ms + 300, { type: "model.transcription_failed", itemId, code: "server_error" });
    const usage = chance.happens(0.8) ? A_USAGE : null;
    this.#tell(ms + chance.between(100, 3_000), { type: "model.caller_transcribed", itemId, text: "What about Monday?", usage });
  }

  #answerCaller(): void {
    if (!this.#isUp || !this.#autoRespond) return;
    if (this.#active) return this.#refuse(null, "conversation_already_has_active_response");
    if (!this.#around.mischief(0.2)) this.#respond(null);
  }

  #respond(requestId: string | null): void {
    const { chance, mischief, later } = this.#around;
    const response: Response = { responseId: `resp_${++this.#responses}`, itemIds: [], isOver: false };
    const { responseId } = response;
    this.#active = response;
    this.untold.responses.add(responseId);
    const start = chance.between(20, 300);
    // It never says a word, and is busy with that.
    if (mischief(0.04)) return later(30_000, () => this.#free(response));
    this.#tell(start, { type: "model.response_created", responseId, requestId });
    const kind = chance.pick(KINDS);
    if (kind === "failed") {
      const reason = chance.pick(["rate_limit_exceeded", "server_error"]);
      return this.#finish(response, start + 100, { status: "failed", reason });
    }
    if (kind === "nothing") return this.#finish(response, start + 100, { status: "completed", reason: null });
    let at = start;
    if (kind !== "tools" || chance.happens(0.5)) {
      for (let item = kind === "two" ? 2 : 1; item > 0; item--) at = this.#speak(response, at, kind === "stalled" ? 0.5 : 1);
    }
    if (kind === "stalled") return;
    const isCut = chance.happens(0.05);
    const toolCalls = Array.from({ length: kind === "tools" ? chance.between(1, 3) : 0 }, () => ({
      toolCallId: `tool_${chance.happens(0.05) ? 1 : ++this.#tools}`,
      name: chance.pick(TOOLS),
      argumentsJson: "{}",
    }));
    this.#finish(response, at + 50, {
      status: isCut ? "incomplete" : "completed",
      reason: isCut ? "max_output_tokens" : null,
      toolCalls,
    });
  }

  /** Generates an item's audio, several times faster than it plays, or a part of it. Returns when it is complete. */
  #speak(response: Response, from: number, part: number): number {
    const { chance, line, later } = this.#around;
    const { responseId } = response;
    const itemId = `agent_${++this.#items}`;
    const totalMs = chance.between(1, 50) * FRAME_MS;
    const unlessOver = (inMs: number, run: () => void): void => later(inMs, () => void (response.isOver || run()));
    let at = from + chance.between(50, 400);
    this.#tell(at, { type: "model.audio_started", responseId, itemId });
    later(at, () => {
      line.begin(itemId, responseId);
      response.itemIds.push(itemId);
    });
    for (let ms = 0; ms < totalMs; ms += 400) {
      if (part < 1 && ms >= totalMs * part) return at;
      at += chance.between(20, 100);
      unlessOver(at, () => line.generate(itemId, Math.min(400, totalMs - ms)));
      this.#tell(at, { type: "model.words_spoken", itemId, text: "some words " });
    }
    unlessOver(at + 10, () => line.complete(itemId));
    this.#tell(at + 10, { type: "model.words_finished", itemId, text: "some words that were said" });
    return at + 10;
  }

  #finish(response: Response, inMs: number, ending: Ending): void {
    const leg = this.#leg;
    this.#around.later(inMs, () => {
      if (!response.isOver && leg === this.#leg && this.#isUp) this.#end(response, 0, ending);
    });
  }

  #end(response: Response, inMs: number, ending: Ending): void {
    const { chance, mischief } = this.#around;
    const { responseId, itemIds } = response;
    this.#free(response);
    const usage = mischief(0.03) ? { ...A_USAGE, outputAudioTokens: -1 } : chance.happens(0.9) ? A_USAGE : null;
    this.#tell(inMs, { type: "model.response_done", responseId, toolCalls: [], ...ending, usage, itemIds });
  }

  #free(response: Response): void {
    response.isOver = true;
    if (this.#active === response) this.#active = null;
  }

  #lose(code: string): void {
    this.close();
    this.#around.tell({ type: "model.closed", code, fatal: this.#around.chance.happens(0.3) }, this.#leg);
  }

  #refuse(requestId: string | null, code: ErrorCode): void {
    this.#tell(30, { type: "model.errored", code, message: "", requestId });
  }

  /** Sometimes late, sometimes twice, sometimes never. */
  #tell(inMs: number, news: Untold): void {
    if (!this.#around.mischief(0.04)) this.#tellSurely(inMs, news);
  }

  #tellSurely(inMs: number, news: Untold): void {
    const { chance, mischief, later, tell } = this.#around;
    const leg = this.#leg;
    const told = (): void => {
      tell(news, leg);
      // Whatever it said of that is all that anybody can know.
      if (news.type === "model.response_done") this.untold.responses.delete(news.responseId);
      if (news.type === "model.caller_transcribed" || news.type === "model.transcription_failed") this.untold.turns.delete(news.itemId);
    };
    const inAllMs = inMs + this.#around.lagMs;
    later(inAllMs + (mischief(0.05) ? chance.between(0, 800) : 0), told);
    if (mischief(0.04)) later(inAllMs + chance.between(0, 2_000), told);
  }
}

interface Ending {
  readonly status: "completed" | "failed" | "incomplete" | "cancelled";
  readonly reason: string | null;
  readonly toolCalls?: readonly { readonly toolCallId: string; readonly name: string; readonly argumentsJson: string }[];
}
