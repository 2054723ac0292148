/**
 * What must be true of any call, judged from outside: by the events that went in and the effects that came out, with accounts of its own.
 * It knows nothing of how the machine is built, except for the invariants that the machine itself exports.
 */
import { type CallEvent, type CallState, checkInvariants, type Effect, isEnded } from "../src/index.ts";
import { WRAP_UP } from "../src/directive.ts";
import { ADVICE_WAIT_MS, ADVISED_END_MS, ROUTE_MS, TRANSFERS_MAX } from "../src/limits.ts";
import { assertPublishable } from "./play.ts";

type Of<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

/** A response that was created, or cancelled, and never ends may be given up after so long; before that, nothing may be asked beside it. */
const UNFINISHED_MS = 15_000;
const UNCANCELLED_MS = 2_000;

export class Oracle {
  readonly problems: string[] = [];
  #seq = 0;
  #delta = 0;
  #requests = new Set<string>();
  #positions = new Set<number>();
  #utterances = new Set<string>();
  #metered = new Set<string>();
  #toolsRun = new Set<string>();
  #injected = new Set<string>();
  #receipts = new Map<string, number>();
  /** The same, as the record has them. */
  #recorded = new Map<string, number>();
  /** Came in while there was a record to write them to. */
  #recordable = new Set<string>();
  /** Until when nothing may be asked beside it. */
  #inFlight = new Map<string, number>();
  #created = new Set<string>();
  #cancels = new Map<string, string>();
  #sent = new Map<string, number>();
  #generated = new Map<string, number>();
  #closedRecord = false;
  #isAbandoned = false;
  #hasConfig = false;
  #line: "up" | "down" = "up";
  #model: "closed" | "opening" | "open" = "closed";
  #leg = 0;
  #armedAt: number | null = null;
  #agent: string | null = null;
  #changes = 0;
  /** Told to end: when it must have begun to. */
  #closesBy = Number.POSITIVE_INFINITY;
  #wrapUps = 0;
  /** Until when a question to the router is open. */
  #question: { readonly questionId: string; readonly until: number } | null = null;

  /** One step of the machine. */
  saw(before: CallState, event: CallEvent, after: CallState, effects: readonly Effect[]): void {
    if (isEnded(before) && effects.length > 0) this.#broken(`an ended call emitted ${effects[0]?.type}`);
    if (isEnded(before) && before !== after) this.#broken("an ended call changed");
    for (const problem of checkInvariants(after)) this.#broken(problem);
    this.#before(before, event);
    for (const effect of effects) this.#emitted(event, after, effect);
    if (event.at > this.#closesBy && isOn(after)) this.#broken(`a call that was told to end is still ${after.phase}`);
    if (event.at > this.#closesBy - ADVICE_WAIT_MS + ADVISED_END_MS && uses(after))
      this.#broken("a call that was told to end uses the model");
    if (isEnded(after)) {
      if (this.#armedAt !== null) this.#broken("an ended call has a timer");
      if (this.#hasConfig && !this.#isAbandoned && !this.#closedRecord) this.#broken("a call ended without a record");
    }
  }

  /** After all is over. */
  finished(state: CallState): void {
    if (!isEnded(state)) this.#broken(`the call did not end in time: ${state.phase}`);
    if (this.#isAbandoned) return;
    for (const injectionId of this.#injected) {
      const receipts = this.#receipts.get(injectionId) ?? 0;
      if (receipts !== 1) this.#broken(`injection ${injectionId} has ${receipts} receipts`);
      const recorded = this.#recorded.get(injectionId) ?? 0;
      if (recorded !== (this.#recordable.has(injectionId) ? 1 : 0))
        this.#broken(`injection ${injectionId} has ${recorded} receipts in the record`);
    }
  }

  #before(before: CallState, event: CallEvent): void {
    if (isEnded(before)) return;
    if (event.type === "clock.struck") this.#armedAt = null;
    if (event.type === "config.resolved" && before.phase === "resolving" && before.telephony.state !== "waiting") this.#hasConfig = true;
    if (event.type === "telephony.stopped") this.#line = "down";
    if (event.type === "lease.lost") this.#isAbandoned = true;
    if (event.type === "router.routed" && event.questionId === this.#question?.questionId) this.#question = null;
    if (event.type === "auditor.injected") {
      if (before.phase !== "resolving" && !this.#closedRecord && !this.#injected.has(event.injectionId))
        this.#recordable.add(event.injectionId);
      this.#injected.add(event.injectionId);
    }
    if (event.type === "operator.advised" && event.advice === "end_call" && "call" in before) {
      this.#closesBy = Math.min(this.#closesBy, Math.max(before.call.at, event.at) + ADVICE_WAIT_MS);
    }
    if (event.type === "lane.progressed") {
      this.#generated.set(event.itemId, Math.max(event.generatedMs, this.#generated.get(event.itemId) ?? 0));
      this.#sent.set(event.itemId, Math.max(event.sentMs, this.#sent.get(event.itemId) ?? 0));
    }
    if (!("leg" in event) || event.leg !== this.#leg) return;
    if (event.type === "model.opened" && this.#model === "opening") this.#model = "open";
    if (event.type === "model.closed") this.#model = "closed";
    if (
      (event.type === "model.response_created" || event.type === "model.audio_started") &&
      before.phase !== "connecting" &&
      this.#model === "open" &&
      !this.#created.has(event.responseId)
    ) {
      this.#created.add(event.responseId);
      const isCancelled = [...this.#cancels.values()].includes(event.responseId);
      if (!isCancelled) this.#inFlight.set(event.responseId, event.at + UNFINISHED_MS);
    }
    if (event.type === "model.errored") this.#inFlight.delete(this.#cancels.get(event.requestId ?? "") ?? "");
    if (event.type === "model.response_done") {
      this.#created.add(event.responseId);
      this.#inFlight.delete(event.responseId);
    }
  }

  #emitted(event: CallEvent, after: CallState, effect: Effect): void {
    const at = "call" in after ? after.call.at : after.at;
    if (this.#isAbandoned && (effect.type === "bus.publish" || effect.type === "bus.receipt" || effect.type === "record.close")) {
      this.#broken(`a call that was lost emitted ${effect.type}`);
    }
    if (effect.type.startsWith("telephony.") && this.#line === "down") this.#broken(`${effect.type} with nobody on the line`);
    if (effect.type.startsWith("model.")) this.#modelEffect(effect, event, after, at);
    switch (effect.type) {
      case "bus.publish":
        return this.#published(effect);
      case "bus.receipt":
        this.#receipts.set(effect.injectionId, (this.#receipts.get(effect.injectionId) ?? 0) + 1);
        return;
      case "record.close":
        if (this.#closedRecord) this.#broken("the record is closed twice");
        if (effect.lastSeq !== this.#seq) this.#broken(`lastSeq ${effect.lastSeq} of ${this.#seq}`);
        this.#closedRecord = true;
        return;
      case "tool.run":
        if (this.#toolsRun.has(effect.toolCallId)) this.#broken(`tool ${effect.toolCallId} runs twice`);
        this.#toolsRun.add(effect.toolCallId);
        return;
      case "router.ask":
        if (this.#question && at < this.#question.until) this.#broken("a question is asked while another is open");
        if (effect.utterances.at(-1)?.speaker !== "caller") this.#broken("a question is not about what the caller said");
        if (effect.currentAgent !== this.#agent) this.#broken(`a question names ${effect.currentAgent} for ${this.#agent}`);
        this.#question = { questionId: effect.questionId, until: at + ROUTE_MS };
        return;
      case "clock.arm":
        if (effect.at !== null && effect.at <= at) this.#broken(`armed to ${effect.at} at ${at}`);
        if (effect.at === this.#armedAt) this.#broken("armed to what it was armed to");
        this.#armedAt = effect.at;
        return;
      case "telephony.close":
        this.#line = "down";
        return;
      default:
        return;
    }
  }

  #modelEffect(effect: Effect, event: CallEvent, after: CallState, at: number): void {
    if ("requestId" in effect) {
      if (this.#requests.has(effect.requestId)) this.#broken(`request id ${effect.requestId} is used twice`);
      this.#requests.add(effect.requestId);
    }
    if (effect.type === "model.open") {
      this.#model = "opening";
      this.#leg = effect.leg;
      this.#inFlight.clear();
      return;
    }
    if (effect.type === "model.close") {
      if (this.#model === "closed" && event.type !== "clock.struck") this.#broken("a closed model is closed");
      this.#model = "closed";
      this.#inFlight.clear();
      return;
    }
    if (effect.type === "model.tell" && effect.text === WRAP_UP && ++this.#wrapUps > 1) this.#broken("the model is told twice to wrap up");
    if (this.#model !== "open") this.#broken(`${effect.type} to a model that is ${this.#model}`);
    if (effect.type === "model.reconfigure" && effect.agent) this.#unspoken(after, at, "the agent is changed");
    if (effect.type === "model.cancel") {
      if (this.#inFlight.has(effect.responseId)) this.#inFlight.set(effect.responseId, at + UNCANCELLED_MS);
      this.#cancels.set(effect.requestId, effect.responseId);
    }
    if (effect.type === "model.truncate") {
      const sentMs = this.#sent.get(effect.itemId) ?? 0;
      if (!Number.isInteger(effect.audioEndMs) || effect.audioEndMs < 0) this.#broken(`truncated at ${effect.audioEndMs}`);
      if (effect.audioEndMs > sentMs) this.#broken(`${effect.itemId} truncated at ${effect.audioEndMs} of ${sentMs} sent`);
    }
    if (effect.type === "model.request") this.#unspoken(after, at, "a response is requested");
  }

  #unspoken(after: CallState, at: number, what: string): void {
    const discarded = "call" in after ? after.call.response.discarded : [];
    for (const [responseId, until] of this.#inFlight) {
      if (at < until && !discarded.includes(responseId)) this.#broken(`${what} while ${responseId} is in flight`);
      else this.#inFlight.delete(responseId);
    }
  }

  #published(effect: Of<"bus.publish">): void {
    if (this.#closedRecord) this.#broken(`${effect.kind} published after the record was closed`);
    if (effect.seq !== this.#seq + 1) this.#broken(`seq ${effect.seq} after ${this.#seq}`);
    this.#seq = effect.seq;
    try {
      assertPublishable(effect);
    } catch (error) {
      this.#broken(String(error));
    }
    if (effect.kind === "transcript") this.#transcribed(effect.body);
    if (effect.kind === "event") this.#told(effect.body);
    if (effect.kind !== "usage") return;
    const usageId = String(effect.body["usageId"]);
    if (this.#metered.has(usageId)) this.#broken(`${usageId} is metered twice`);
    this.#metered.add(usageId);
  }

  #told(body: Of<"bus.publish">["body"]): void {
    const data = body["data"] as { readonly [field: string]: unknown };
    if (body["name"] === "injection.done") {
      const injectionId = String(data["injectionId"]);
      this.#recorded.set(injectionId, (this.#recorded.get(injectionId) ?? 0) + 1);
    }
    if (body["name"] === "call.started") this.#agent = String(data["agent"]);
    if (body["name"] !== "agent.changed") return;
    if (data["from"] !== this.#agent) this.#broken(`${data["from"]} hands over, but ${this.#agent} has the call`);
    if (data["to"] === this.#agent) this.#broken(`${this.#agent} hands over to itself`);
    this.#agent = String(data["to"]);
    if (data["by"] !== "refused" && ++this.#changes > TRANSFERS_MAX) this.#broken("the agent is changed too often");
  }

  #transcribed(body: Of<"bus.publish">["body"]): void {
    const itemId = String(body["itemId"]);
    const position = Number(body["position"]);
    const delta = Number(body["delta"]);
    if (delta !== this.#delta + 1) this.#broken(`delta ${delta} after ${this.#delta}`);
    this.#delta = delta;
    if (this.#positions.has(position)) this.#broken(`position ${position} twice`);
    this.#positions.add(position);
    if (this.#utterances.has(itemId)) this.#broken(`${itemId} is published twice`);
    this.#utterances.add(itemId);
    if (body["speaker"] !== "agent") return;
    const heardMs = Number(body["heardMs"]);
    const sentMs = this.#sent.get(itemId) ?? 0;
    const generatedMs = this.#generated.get(itemId) ?? 0;
    if (heardMs > sentMs) this.#broken(`${itemId}: ${heardMs} ms heard of ${sentMs} sent`);
    if (Number(body["generatedMs"]) > generatedMs) this.#broken(`${itemId}: more generated than reported`);
    if (!String(body["generatedText"]).startsWith(String(body["text"])))
      this.#broken(`${itemId}: words were heard that were not generated`);
  }

  #broken(problem: string): void {
    this.problems.push(problem);
  }
}

function isOn(state: CallState): boolean {
  return state.phase === "connecting" || state.phase === "live";
}

/** Something can still be asked of the model, or heard of it: it costs. */
function uses(state: CallState): boolean {
  return "call" in state && state.call.model.state !== "gone";
}
