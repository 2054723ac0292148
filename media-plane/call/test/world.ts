/**
 * A small world around the machine, by seed: a vendor with its own VAD and one response at a time, a lane that sends faster than Twilio
 * plays, marks, tools, an auditor, a control plane. All of them misbehave as often as `mischief` says: they lose, repeat, delay, refuse,
 * stall, hang up. It answers effects with events, as the real shell does, and checks what the caller really heard.
 */
import { type CallConfig, type CallEvent, type CallState, type Effect, initialCall, isEnded, type Step, TONES_MARK } from "../src/index.ts";
import { CLOSING_MS, CONFIG_MS } from "../src/limits.ts";
import { aCallConfig, anAgent } from "./a-call-config.ts";
import { Chance } from "./chance.ts";
import type { LeftBehind } from "./left-behind.ts";
import { Oracle } from "./oracle.ts";
import { SimulatedLine } from "./simulated-line.ts";
import { SimulatedVendor } from "./simulated-vendor.ts";

export type Machine = (state: CallState, event: CallEvent) => Step;

export interface WorldOptions {
  readonly seed: number;
  /** 0: everybody behaves; 1: hardly anything works. */
  readonly mischief: number;
  /** When the caller hangs up at the latest. */
  readonly lengthMs: number;
  /** How long the vendor's news takes to the node; absent: no time. */
  readonly lagMs?: number;
  /** Looks, whenever something happens, at what would be left if the node were killed. */
  readonly leftBehind?: LeftBehind;
}

export interface WorldResult {
  readonly problems: readonly string[];
  readonly steps: number;
  readonly state: CallState;
  readonly effects: readonly Effect[];
  readonly trace: readonly CallEvent[];
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function runWorld(options: WorldOptions, machine: Machine): WorldResult {
  return new World(options, machine).run();
}

class World {
  readonly #options: WorldOptions;
  readonly #machine: Machine;
  readonly #chance: Chance;
  readonly #line: SimulatedLine;
  readonly #vendor: SimulatedVendor;
  readonly #oracle = new Oracle();
  readonly #plan: Planned[] = [];
  readonly #trace: CallEvent[] = [];
  readonly #effects: Effect[] = [];
  #order = 0;
  #now = 0;
  #state: CallState = initialCall({ at: 0 });
  #armed: { readonly at: number } | null = null;
  #speech = 0;
  #isLineUp = true;
  #isFlowing = false;
  #mediaStopsAt = Number.POSITIVE_INFINITY;

  constructor(options: WorldOptions, machine: Machine) {
    this.#options = options;
    this.#machine = machine;
    this.#chance = new Chance(options.seed);
    this.#line = new SimulatedLine({
      later: (inMs, run) => this.#later(inMs, run),
      now: () => this.#now,
      returnMark: (name) => this.#marks(name),
      progress: (news) => this.#happens({ ...news, type: "lane.progressed", at: this.#now }),
      problem: (sentence) => this.#oracle.problems.push(sentence),
    });
    this.#vendor = new SimulatedVendor({
      chance: this.#chance,
      line: this.#line,
      lengthMs: options.lengthMs,
      lagMs: options.lagMs ?? 0,
      mischief: (probability) => this.#mischief(probability),
      later: (inMs, run) => this.#later(inMs, run),
      tell: (news, leg) => this.#happens({ ...news, leg, at: this.#now } as CallEvent),
    });
  }

  run(): WorldResult {
    const { lengthMs } = this.#options;
    this.#later(0, () => this.#happens({ at: 0, type: "telephony.started", streamSid: "MZ1" }));
    this.#later(this.#chance.between(5, 80), () => this.#resolves());
    if (this.#chance.happens(0.1)) this.#later(this.#chance.between(0, lengthMs), () => (this.#mediaStopsAt = this.#now));
    if (this.#chance.happens(0.15))
      this.#later(this.#chance.between(0, lengthMs), () => this.#say({ type: "operator.hung_up", reason: "drained" }));
    if (this.#chance.happens(0.05)) this.#later(this.#chance.between(0, lengthMs), () => this.#say({ type: "lease.lost" }));
    if (this.#chance.happens(0.15)) this.#advises("wrap_up", this.#chance.between(0, lengthMs));
    if (this.#chance.happens(0.15)) this.#advises("end_call", this.#chance.between(0, lengthMs));
    for (let count = this.#chance.between(0, 3); count > 0; count--) this.#later(this.#chance.between(0, lengthMs), () => this.#injects());
    for (let count = this.#chance.between(0, 6); count > 0; count--) this.#later(this.#chance.between(0, lengthMs), () => this.#presses());
    // Some never say a word, and stay.
    const isMute = this.#chance.happens(0.05);
    const endMs = isMute ? 60_000 : lengthMs;
    if (!isMute) this.#later(this.#chance.between(2_000, 6_000), () => this.#callerSpeaks());
    this.#later(endMs, () => this.#hangsUp());
    // With nobody on the line, time alone must bring the call to its end.
    this.#drive(endMs + CONFIG_MS + CLOSING_MS);
    this.#oracle.finished(this.#state);
    return { problems: this.#oracle.problems, steps: this.#trace.length, state: this.#state, effects: this.#effects, trace: this.#trace };
  }

  #drive(until: number): void {
    while (this.#oracle.problems.length === 0) {
      const next = this.#takeNext();
      if (!next || next.at > until) return;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      const unseen = isEnded(this.#state) ? undefined : this.#options.leftBehind?.problem(this.#vendor.untold);
      if (unseen !== undefined) this.#oracle.problems.push(`at ${this.#now} ${unseen}`);
      if (isEnded(this.#state) && this.#chance.happens(0.2)) return;
    }
  }

  #takeNext(): Planned | undefined {
    let best = 0;
    for (let index = 1; index < this.#plan.length; index++) {
      const one = this.#plan[index];
      const other = this.#plan[best];
      if (one && other && (one.at < other.at || (one.at === other.at && one.order < other.order))) best = index;
    }
    return this.#plan.splice(best, 1)[0];
  }

  #later(inMs: number, run: () => void): void {
    this.#plan.push({ at: this.#now + inMs, order: this.#order++, run });
  }

  /** Something happens to the machine, now; before it, the lane says how far it is. */
  #happens(event: CallEvent): void {
    if (event.type !== "lane.progressed") this.#line.report();
    if (this.#oracle.problems.length > 0) return;
    const before = this.#state;
    const [after, effects] = this.#machine(before, event);
    this.#trace.push(event);
    this.#effects.push(...effects);
    this.#oracle.saw(before, event, after, effects);
    this.#state = after;
    this.#options.leftBehind?.saw(effects);
    for (const effect of effects) this.#interprets(effect);
  }

  #say(event: DistributiveOmit<CallEvent, "at">): void {
    this.#happens({ ...event, at: this.#now } as CallEvent);
  }

  // The control plane.

  #resolves(): void {
    if (this.#mischief(0.02)) return;
    if (this.#mischief(0.03)) return this.#say({ type: "config.rejected", reason: "token_used" });
    const config: CallConfig = aCallConfig({
      maxDurationMs: this.#chance.happens(0.1) ? this.#chance.between(1_000, 20_000) : 3_600_000,
      routing: this.#chance.happens(0.4)
        ? { classifyFirst: this.#chance.happens(0.8), holdMs: this.#chance.between(0, 1_000), contextMessages: this.#chance.between(1, 10) }
        : null,
      history: this.#chance.happens(0.15) ? [{ speaker: "agent", text: "Hello." }] : [],
    });
    this.#say({ type: "config.resolved", config });
  }

  #injects(): void {
    const injectionId = `inj_${this.#chance.between(1, 4)}`;
    const action = this.#chance.pick(["correction", "correction", "correction", "complete", "abort"] as const);
    const inject = (): void =>
      this.#say({
        type: "auditor.injected",
        injectionId,
        action,
        message: "It is Tuesday.",
        ...(this.#chance.happens(0.5) ? { field: this.#chance.happens(0.5) ? "day" : "name", value: "Tuesday", basedOn: 1 } : {}),
        expiresAt: this.#now + this.#chance.between(-100, 30_000),
      });
    inject();
    if (this.#chance.happens(0.2)) this.#later(this.#chance.between(0, 5_000), inject);
  }

  /** With every answer to the lease, as long as the call lasts. */
  #advises(advice: "wrap_up" | "end_call", inMs: number): void {
    this.#later(inMs, () => {
      this.#say({ type: "operator.advised", advice, reason: advice === "end_call" ? "credit_exhausted" : "credit_low" });
      if (!isEnded(this.#state)) this.#advises(advice, 1_000);
    });
  }

  // The caller and Twilio.

  #hangsUp(how?: "stop"): void {
    if (!this.#isLineUp) return;
    this.#isLineUp = false;
    const cause = how ?? this.#chance.pick(["stop", "stop", "closed", "protocol_error"] as const);
    this.#say({ type: "telephony.stopped", cause });
  }

  #presses(): void {
    if (this.#isLineUp) this.#say({ type: "telephony.keyed", digit: this.#chance.pick(["1", "2", "#", "x"]) });
  }

  #callerSpeaks(): void {
    if (!this.#isLineUp) return;
    const itemId = `caller_${++this.#speech}`;
    const ms = this.#chance.between(50, 4_000);
    this.#later(this.#chance.between(1_500, 9_000) + ms, () => this.#callerSpeaks());
    if (this.#isFlowing) this.#vendor.hear(itemId, ms);
  }

  #marks(name: string): void {
    if (!this.#isLineUp || this.#mischief(0.05)) return;
    this.#later(this.#chance.between(0, 40), () => this.#say({ type: "telephony.marked", name }));
  }

  // The shell: effects become deeds.

  #interprets(effect: Effect): void {
    switch (effect.type) {
      case "clock.arm":
        return this.#arms(effect.at);
      case "model.open":
        return this.#vendor.open(effect.leg);
      case "model.configure":
        return this.#vendor.configure(effect.requestId, effect.autoRespond);
      case "model.reconfigure":
        return this.#vendor.reconfigure(effect.requestId, effect.turns?.autoRespond ?? null);
      case "model.request":
        return this.#vendor.request(effect.requestId);
      case "model.cancel":
        return this.#vendor.cancel(effect.responseId, effect.requestId);
      case "model.close":
        return this.#vendor.close();
      case "model.truncate":
        return this.#line.tellHeard(effect.itemId, effect.audioEndMs);
      case "model.delete":
        return this.#line.tellHeard(effect.itemId, 0);
      case "lane.route":
        this.#isFlowing = effect.inbound === "flow";
        return;
      case "lane.play":
        return this.#line.play(effect.responseId, effect.generation);
      case "lane.mute":
        return this.#line.mute();
      case "telephony.clear":
        return this.#line.clear();
      case "tool.run":
        return this.#runs(effect.toolCallId, effect.name);
      case "router.ask":
        return this.#routes(effect.questionId);
      case "lane.play_tones":
        if (!this.#mischief(0.1)) this.#later(effect.digits.length * 200, () => this.#marks(TONES_MARK));
        return;
      case "record.close":
        if (!this.#mischief(0.2)) this.#later(this.#chance.between(5, 500), () => this.#say({ type: "record.closed" }));
        return;
      default:
        return;
    }
  }

  #arms(at: number | null): void {
    if (at === null) {
      this.#armed = null;
      return;
    }
    const armed = { at };
    this.#armed = armed;
    this.#later(Math.max(0, at - this.#now) + this.#chance.between(0, 3), () => {
      if (this.#armed !== armed) return;
      this.#armed = null;
      this.#say({ type: "clock.struck", lastMediaAt: Math.min(this.#now, this.#mediaStopsAt) });
    });
  }

  #routes(questionId: string): void {
    const answer = (): void => {
      const agent = this.#chance.happens(0.5) ? anAgent(this.#chance.pick(["intake", "support", "billing"])) : null;
      this.#say({ type: "router.routed", questionId, agent, by: "classify", isError: this.#chance.happens(0.1) });
    };
    if (this.#mischief(0.1)) return;
    this.#later(this.#chance.happens(0.2) ? this.#chance.between(800, 8_000) : this.#chance.between(50, 700), answer);
    if (this.#mischief(0.1)) this.#later(this.#chance.between(50, 3_000), answer);
  }

  #runs(toolCallId: string, name: string): void {
    const finish = (): void => {
      // Twilio takes the line, sometimes before the control plane's answer is here.
      if (name === "call.transfer" && !this.#mischief(0.1)) this.#later(this.#chance.between(-300, 2_000), () => this.#hangsUp("stop"));
      this.#say({
        type: "tool.finished",
        toolCallId,
        outputJson: '{"ok":true}',
        isError: false,
        ...(name === "router.transfer" ? { handoff: anAgent(this.#chance.pick(["intake", "support", "billing"])) } : {}),
        ...(name === "call.transfer" && this.#chance.happens(0.7) ? { effect: { name: "transferred" } as const } : {}),
        ...(name === "call.sendDigits" ? { effect: { name: "send_digits", digits: this.#chance.pick(["1", "12w3#", "x"]) } as const } : {}),
        ...(name === "custom.end" ? { effect: { name: "end_call" } as const } : {}),
      });
    };
    if (this.#mischief(0.1)) return;
    this.#later(this.#chance.happens(0.1) ? this.#chance.between(14_000, 20_000) : this.#chance.between(10, 3_000), finish);
    if (this.#mischief(0.1)) this.#later(this.#chance.between(10, 5_000), finish);
  }

  #mischief(probability: number): boolean {
    return this.#chance.happens(probability * this.#options.mischief * 2);
  }
}

type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never;
