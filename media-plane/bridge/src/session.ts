/**
 * The one mutable object of a call: it holds the machine's state, feeds it events one at a time, and hands out its effects.
 *
 * An event that comes while another is being worked on waits its turn; all effects of one event are out before the next is reduced.
 * With each event the machine hears how far the agent's audio and words have come. News of legs that were replaced are dropped here, by
 * number. What throws inside ends this call and no other.
 */
import {
  type CallConfig,
  type CallEvent,
  type CallOutcome,
  type CallState,
  type Effect,
  type Fact,
  initialCall,
  isEnded,
  isMarkAwaited,
  reduce,
} from "@struere/call";
import type { Bus } from "@struere/bus";
import { assert, type CallId, type Clock, Fault, type NodeId } from "@struere/kernel";
import type { ControlClient } from "@struere/protocol/grpc";
import type { DoorLimits } from "./admission.ts";
import { CallBus } from "./bus/call-bus.ts";
import type { Outboxes } from "./bus/outboxes.ts";
import { claimCall, type Claimed, closeCodeOf } from "./control/claim.ts";
import { askRouter } from "./control/ask-router.ts";
import type { Endings } from "./control/endings.ts";
import type { Leases } from "./control/leases.ts";
import { runTool } from "./control/tool-runner.ts";
import { createStopwatch, type Events } from "./events.ts";
import { type CallPorts, type EffectOf, interpret } from "./interpret.ts";
import type { LaneCounts, Meters } from "./meters.ts";
import type { ModelNews } from "./model/model-leg.ts";
import { type OpenAIAccount, OpenAILeg } from "./model/openai-leg.ts";
import type { WarmLegs } from "./model/warm-legs.ts";
import { WordsInOrder } from "./model/words-in-order.ts";
import { CallRecorder } from "./recording/call-recorder.ts";
import type { Uploads } from "./recording/uploads.ts";
import type { Start } from "./telephony/threshold.ts";
import { TwilioLeg } from "./telephony/twilio-leg.ts";
import { Untold } from "./untold.ts";
import { CLOSE, type LaneSocket } from "./wire/index.ts";

/** What all calls of a node share. */
export interface SessionGround {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly control: ControlClient;
  readonly account: OpenAIAccount;
  readonly upgradeUrl: string;
  readonly limits: DoorLimits;
  readonly endings: Endings;
  readonly leases: Leases;
  readonly outboxes: Outboxes;
  readonly uploads: Uploads;
  readonly warmLegs: WarmLegs;
  readonly events: Events;
  readonly meters: Meters;
  /** The session has its call now: an older one of the same call must fall silent. */
  claimed(session: Session, config: CallConfig): void;
  /** Nothing is left of the session. Once. */
  over(session: Session): void;
}

/** More events wait than one call can cause in a turn of the event loop: something feeds on itself. */
const MOST_WAITING = 10_000;

export class Session {
  readonly #ground: SessionGround;
  readonly #telephony: TwilioLeg;
  readonly #ports: CallPorts;
  readonly #startedAt: number;
  readonly #inbox: CallEvent[] = [];
  readonly #untold: Untold;
  readonly #watch: ReturnType<typeof createStopwatch>;
  #state: CallState;
  #working = false;
  #over = false;
  #leg: { readonly number: number; readonly openai: OpenAILeg; readonly words: WordsInOrder } | undefined;
  #offTimer: (() => void) | undefined;
  /** When the running timer fires. */
  #timerAt = Number.POSITIVE_INFINITY;
  /** When the machine wants to be woken. */
  #wakeAt: number | null = null;
  #releaseLease: (() => void) | undefined;
  #config: CallConfig | undefined;
  #callBus: CallBus | undefined;
  #recorder: CallRecorder | undefined;
  readonly #gone = new AbortController();
  #ending: { readonly outcome: CallOutcome; readonly reason: string } | undefined;

  constructor(
    ground: SessionGround,
    { socket, start, signature }: { readonly socket: LaneSocket; readonly start: Start; readonly signature: string },
  ) {
    this.#ground = ground;
    this.#startedAt = ground.clock.now();
    this.#watch = createStopwatch(ground.meters);
    this.#state = initialCall({ at: this.#startedAt });
    this.#telephony = new TwilioLeg({
      socket,
      streamSid: start.streamSid,
      clock: ground.clock,
      mostMalformed: ground.limits.malformed,
      news: (news) => this.dispatch({ ...news, at: ground.clock.now() }),
      marked: (name, ends) => this.#marked(name, ends),
      modelMessage: (text) => this.#leg?.openai.hear(text),
      modelWords: (words) => this.#leg?.openai.hearWords(words),
      audioStarted: (responseId, itemId) => this.#hearModel({ type: "model.audio_started", responseId, itemId }),
      sounding: ({ responseId: _, ...progress }) => this.dispatch({ type: "lane.progressed", ...progress, at: ground.clock.now() }),
      overflowed: (responseId) => this.dispatch({ type: "lane.overflowed", at: ground.clock.now(), responseId }),
      report: (reason, code) => (code === undefined ? ground.events.messageIgnored(reason) : ground.events.socketClosed(reason, code)),
    });
    this.#untold = new Untold(this.#telephony.agent);
    this.#ports = this.#createPorts();
    this.#telephony.start();
    this.dispatch({ type: "telephony.started", at: this.#startedAt, streamSid: start.streamSid });
    void this.#claim(start, signature);
  }

  get counts(): LaneCounts {
    return this.#telephony.counts;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Known once the call was claimed. */
  get callId(): CallId | null {
    return this.#config?.callId ?? null;
  }

  /** The epoch under which this session holds its call. */
  get epoch(): number | null {
    return this.#config?.epoch ?? null;
  }

  /** Ends the call in order: the agent may finish its words. */
  hangUp(reason: string): void {
    this.dispatch({ type: "operator.hung_up", at: this.#ground.clock.now(), reason });
  }

  /** Another node, or another session of this one, holds the call now. */
  loseLease(): void {
    if (this.#config !== undefined) this.#ground.events.leaseLost(this.#config.callId, this.#config.epoch);
    this.dispatch({ type: "lease.lost", at: this.#ground.clock.now() });
  }

  /** Ends the call at once, without words. */
  abandon(reason: string): void {
    if (this.#over) return;
    this.#endRecord({ outcome: "stopped", reason });
    this.#finish(CLOSE.goingAway);
  }

  dispatch(event: CallEvent): void {
    if (this.#over) return;
    this.#inbox.push(event);
    if (this.#working) return;
    this.#working = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined && !this.#over; next = this.#inbox.shift()) {
        assert(this.#inbox.length < MOST_WAITING, `fewer than ${MOST_WAITING} events wait for one call`);
        this.#step(next, this.#untold.take(next.at, this.#leg));
      }
    } catch (thrown) {
      this.#breakDown(thrown, "working on an event");
    } finally {
      this.#working = false;
    }
    if (!this.#over && isEnded(this.#state)) this.#finish(CLOSE.normal);
  }

  #marked(name: string, ends: boolean): void {
    const at = this.#ground.clock.now();
    if (isMarkAwaited(this.#state, { name, ends })) this.dispatch({ type: "telephony.marked", at, name });
    else this.#untold.marked(at, name);
  }

  #step(event: CallEvent, facts: readonly Fact[]): void {
    const [state, effects] = reduce(this.#state, event, facts);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    interpret(effect, this.#ports);
  }

  async #claim(start: Start, signature: string): Promise<void> {
    const { control, nodeId, upgradeUrl, clock, events } = this.#ground;
    let claimed: Claimed;
    try {
      claimed = await claimCall({ control, nodeId, start, signature, upgradeUrl });
    } catch (thrown) {
      const fault = Fault.from(thrown);
      events.claimRefused(start.callSid, fault);
      this.#telephony.close(closeCodeOf(fault.code));
      this.dispatch({ type: "config.rejected", at: clock.now(), reason: fault.code });
      return;
    }
    try {
      this.#takeUp(claimed);
    } catch (thrown) {
      this.#breakDown(thrown, "taking up a call");
    }
  }

  #takeUp({ config, leaseRenewMs }: Claimed): void {
    const { bus, clock, outboxes, leases, events } = this.#ground;
    const { callId, epoch, agent } = config;
    const at = clock.now();
    this.#config = config;
    events.claimed({ callId, epoch, agent: agent.slug }, at - this.#startedAt);
    if (this.#over) {
      // The caller had gone before the answer came; the claim opened a record all the same.
      this.#endRecord({ outcome: "completed", reason: "caller_hung_up" });
      return;
    }
    this.#callBus = new CallBus({
      bus,
      clock,
      outboxes,
      config,
      injected: (injected) => this.dispatch(injected),
      notUnderstood: () => events.injectionNotUnderstood(callId),
    });
    this.#ground.claimed(this, config);
    if (config.isRecorded === true) this.#record(config);
    this.#releaseLease = leases.hold({
      callId,
      epoch,
      renewMs: leaseRenewMs,
      framesIn: () => this.#telephony.caller.framesIn,
      lost: () => this.loseLease(),
      advised: (advice, reason) => this.dispatch({ type: "operator.advised", at: clock.now(), advice, reason }),
    });
    this.dispatch({ type: "config.resolved", at, config });
  }

  #record({ callId, epoch }: CallConfig): void {
    const { clock, uploads } = this.#ground;
    const of = { callId, epoch, startedAt: Math.round(clock.wall()) };
    const recorder = new CallRecorder({ clock, onPart: (part) => uploads.send(of, part) });
    this.#recorder = recorder;
    this.#telephony.caller.tapped(recorder);
    this.#telephony.agent.tapped(recorder);
  }

  #createPorts(): CallPorts {
    const model = (): OpenAILeg | undefined => this.#leg?.openai;
    const { clock, events, endings } = this.#ground;
    return {
      openModel: (leg, model) => this.#openModel(leg, model),
      get model() {
        return model();
      },
      closeModel: () => this.#closeModel(),
      caller: this.#telephony.caller,
      agent: this.#telephony.agent,
      closeTelephony: (code) => this.#telephony.close(code),
      publish: (kind, seq, body) => {
        this.#callBus?.publish(kind, seq, body);
        this.#watch(kind, body);
      },
      receipt: (receipt) => {
        if (this.#config !== undefined)
          events.injectionDone(this.#config.callId, receipt.injectionId, receipt.outcome, receipt.reason ?? null);
      },
      closeRecord: ({ outcome, reason, durationMs, lastSeq }) => {
        const closed = (): void => this.dispatch({ type: "record.closed", at: clock.now() });
        this.#ending = { outcome, reason };
        if (this.#config === undefined) return closed();
        const { callId, epoch } = this.#config;
        endings.end({ callId, epoch, outcome, reason, durationMs, lastSeq }, closed);
      },
      runTool: (run) => void this.#runTool(run),
      askRouter: (question) => void this.#askRouter(question),
      arm: (at) => this.#arm(at),
      note: (name, value) => events.noted(this.#config?.callId ?? null, name, value),
    };
  }

  #openModel(number: number, model: string): void {
    const { account, clock, warmLegs } = this.#ground;
    this.#closeModel();
    const config = this.#config;
    const warm = config !== undefined && config.voice.model === model ? warmLegs.take(config) : undefined;
    const openai = warm ?? new OpenAILeg({ account, model, clock });
    this.#leg = { number, openai, words: new WordsInOrder() };
    openai.attach({
      connected: (socket) => {
        if (this.#leg?.openai !== openai) return;
        this.#telephony.caller.attachModel(socket);
        this.#telephony.agent.attachModel(socket);
      },
      messages: this.#telephony.agent,
      news: (news) => {
        if (this.#leg?.openai === openai) this.#hearModel(news);
      },
    });
  }

  #closeModel(): void {
    const leg = this.#leg;
    this.#leg = undefined;
    this.#telephony.caller.attachModel(undefined);
    leg?.openai.close();
  }

  #hearModel(news: ModelNews): void {
    const { clock, events } = this.#ground;
    const leg = this.#leg;
    if (leg === undefined) return;
    const callId = this.#config?.callId ?? null;
    if (news.type === "model.errored") events.modelFailed(callId, news.code, news.message);
    if (news.type === "model.closed") events.modelFailed(callId, news.code, news.fatal ? "the leg is gone for good" : "the leg is gone");
    if (news.type === "model.response_done") this.#telephony.agent.finish(news.responseId);
    for (const next of leg.words.take(news)) this.dispatch({ ...next, at: clock.now(), leg: leg.number });
  }

  async #runTool({ toolCallId, name, argumentsJson, agent }: EffectOf<"tool.run">): Promise<void> {
    const { control, clock, events } = this.#ground;
    const config = this.#config;
    if (config === undefined) return;
    const { callId, epoch } = config;
    try {
      const run = { toolCallId, name, argumentsJson, agent };
      const outcome = await runTool({ control, clock, callId, epoch, signal: this.#gone.signal }, run);
      this.dispatch({ type: "tool.finished", at: clock.now(), toolCallId, ...outcome });
    } catch (thrown) {
      const fault = Fault.from(thrown);
      events.toolFailed(callId, name, fault);
      const outputJson = JSON.stringify({ error: { code: fault.code, message: fault.sentence } });
      this.dispatch({ type: "tool.finished", at: clock.now(), toolCallId, outputJson, isError: true });
    }
  }

  async #askRouter({ questionId, mode, currentAgent, utterances }: EffectOf<"router.ask">): Promise<void> {
    const { control, clock, events } = this.#ground;
    const config = this.#config;
    if (config === undefined) return;
    const { callId, epoch } = config;
    const askedAt = clock.now();
    try {
      const answer = await askRouter({ control, callId, epoch }, { mode, currentAgent, utterances });
      events.routed(callId, mode, clock.now() - askedAt);
      this.dispatch({ type: "router.routed", at: clock.now(), questionId, ...answer, isError: false });
    } catch (thrown) {
      events.routingFailed(callId, Fault.from(thrown));
      this.dispatch({ type: "router.routed", at: clock.now(), questionId, agent: null, by: "classify", isError: true });
    }
  }

  /** Deadlines move later with almost every event: a timer that runs is kept, and looks again when it fires too early. */
  #arm(at: number | null): void {
    const { clock } = this.#ground;
    this.#wakeAt = at;
    if (at !== null && this.#timerAt <= at) return;
    this.#offTimer?.();
    this.#offTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (at === null) return;
    this.#timerAt = at;
    this.#offTimer = clock.arm(at, () => this.#strike());
  }

  #strike(): void {
    const { clock } = this.#ground;
    this.#offTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const at = this.#wakeAt;
    if (at === null) return;
    if (clock.now() < at) return this.#arm(at);
    this.dispatch({ type: "clock.struck", at: clock.now(), lastMediaAt: this.#telephony.caller.lastMediaAt });
  }

  /** A mistake of ours: this call ends, and says so in its record. */
  #breakDown(thrown: unknown, doing: string): void {
    this.#ground.events.brokeInside(this.#config?.callId ?? null, thrown, doing);
    this.#endRecord({ outcome: "failed", reason: "internal_error" });
    this.#finish(CLOSE.internalError);
  }

  /** EndCall without the machine; nothing when the machine has done it, or when there is no call. */
  #endRecord(ending: { readonly outcome: CallOutcome; readonly reason: string }): void {
    if (this.#config === undefined || this.#ending !== undefined) return;
    const { endings, clock } = this.#ground;
    const { callId, epoch } = this.#config;
    const durationMs = Math.round(clock.now() - this.#startedAt);
    this.#ending = ending;
    endings.end({ callId, epoch, ...ending, durationMs, lastSeq: this.#callBus?.lastSeq ?? 0 }, () => undefined);
  }

  #finish(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone.abort();
    this.#inbox.length = 0;
    this.#offTimer?.();
    this.#releaseLease?.();
    this.#closeModel();
    this.#recorder?.finish();
    this.#telephony.close(code);
    this.#callBus?.finish();
    const { events, meters, clock } = this.#ground;
    meters.laneOver(this.#telephony.counts);
    if (this.#config !== undefined && this.#ending !== undefined) {
      const { callId, epoch } = this.#config;
      events.callEnded({ callId, epoch }, this.#ending.outcome, this.#ending.reason, clock.now() - this.#startedAt);
    }
    this.#ground.over(this);
  }
}
