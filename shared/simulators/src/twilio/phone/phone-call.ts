/**
 * A person on the phone, as verbs of a script. Every wait is bounded, and one that is disappointed says what happened on the call so far.
 * `await using call = await phone.dial(...)` hangs up at the end of the block.
 */
import { Fault } from "@struere/kernel";
import { speak } from "../../speech.ts";
import type { Call } from "../call/call.ts";
import type { CallEnding } from "../call/call-facts.ts";
import type { HeardUtterance } from "../call/ear.ts";
import { type LineCondition, mumbled } from "../call/line.ts";
import { type Tape, TapeRecorder } from "../call/tape.ts";
import type { TimelineEvent } from "../call/timeline.ts";
import { pause } from "@struere/runtime";

/** A text matches when it is contained, whatever the case and the spacing; an expression is tested. */
export type Pattern = string | RegExp;
export type Within = { readonly withinMs?: number };

/** How something is said. */
export type Manner = {
  /** Instead of simulated speech: whole frames of mu-law. */
  readonly audio?: Uint8Array;
  /** So much of it can not be understood. */
  readonly mumble?: { readonly share: number; readonly seed: number };
};

const DEFAULT_WITHIN_MS = 15_000;
const DIGIT_MS = 200;

export class PhoneCall implements AsyncDisposable {
  readonly #call: Call;
  /** Utterances and `<Say>`s before these have been taken by an earlier `hears`. */
  #nextHeard = 0;
  #nextSaid = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  /** The call's CallSid. */
  get sid(): string {
    return this.#call.sid;
  }

  get from(): string {
    return this.#call.from;
  }

  get to(): string {
    return this.#call.to;
  }

  /** Resolves, and never rejects, when the call is over. */
  get ended(): Promise<CallEnding> {
    return this.#call.ended;
  }

  /** How the call ended, or null while it has not. */
  get ending(): CallEnding | null {
    return this.#call.ending;
  }

  get status(): string {
    return this.#call.status;
  }

  /** What was played out to this phone, utterance by utterance; the one that sounds now is the last. */
  get heard(): readonly HeardUtterance[] {
    return this.#call.ear.heard;
  }

  /** Keys that were heard as tones. */
  get keysHeard(): string {
    return this.#call.ear.keys;
  }

  /** What `<Say>` said. */
  get said(): readonly string[] {
    return this.#call.said;
  }

  get timeline(): readonly TimelineEvent[] {
    return this.#call.timeline.events;
  }

  /** The same as `timeline`. */
  get events(): readonly TimelineEvent[] {
    return this.timeline;
  }

  /** Calls `follower` with each event from now on, for a live display. The returned function ends it. */
  follow(follower: (event: TimelineEvent) => void): () => void {
    return this.#call.timeline.follow(follower);
  }

  /**
   * Speaks, from the moment when somebody listens (a media stream is up, or another phone is joined), and resolves when the last frame
   * has been sent. Speaking goes on if the stream ends meanwhile: those words are lost, as in life.
   * @throws Fault deadline_exceeded when nobody listens within `withinMs`; failed_precondition when the call ends before or meanwhile.
   */
  async says(text: string, options: Within & Manner = {}): Promise<void> {
    await this.#until(`a listener for "${text}"`, options, () => (this.#isListenedTo ? true : null));
    this.#call.timeline.add("caller-speaks", text);
    const audio = options.audio ?? speak(text);
    const spoken = await this.#call.mouth.speak(options.mumble ? mumbled(audio, options.mumble) : audio);
    if (!spoken) throw this.#fault("failed_precondition", `the call ended while the caller said "${text}"`);
    this.#call.timeline.add("caller-spoke", text);
  }

  /** Records both sides from now on; the same tape each time. */
  records(): Tape {
    return (this.#call.tape ??= new TapeRecorder());
  }

  /** From now on the caller's voice comes over a line like this. */
  comesOver(condition: LineCondition): void {
    this.#call.comesOver(condition);
  }

  /** Whether the agent sounds now. */
  get hearsSomebody(): boolean {
    return this.#agentIsSpeaking;
  }

  /** Calls `listener` whenever something was heard, said, started or ended. The returned function ends it. */
  onChange(listener: () => void): () => void {
    return this.#call.onChange(listener);
  }

  /** Speaks while the agent speaks: waits until the agent is audible, then says it at once. */
  async saysOver(text: string, options: Within = {}): Promise<void> {
    await this.#until(`the agent to speak, to say "${text}" over it`, options, () => (this.#agentIsSpeaking ? true : null));
    await this.says(text, options);
  }

  /** Waits until the agent has got as far as `after` in what it says, then says `text` over it. */
  async interrupts(text: string, options: { readonly after: Pattern } & Within & Manner): Promise<void> {
    await this.hearsSome(options.after, options);
    await this.says(text, options);
  }

  /**
   * Waits until an utterance that matches has been heard to its end, `<Say>` included, and returns it. Each is taken once: the next `hears`
   * looks at what came after it. What was cut short never counts.
   * @throws Fault deadline_exceeded, or failed_precondition when the call ends without it; both with the timeline.
   */
  hears(pattern: Pattern, options: Within = {}): Promise<string> {
    return this.#until(`the caller to hear ${show(pattern)}`, options, () => this.#take(pattern));
  }

  /** Waits until what has been heard so far of an utterance matches, whether it is finished or not; it is not taken. */
  hearsSome(pattern: Pattern, options: Within = {}): Promise<string> {
    return this.#until(`the caller to hear some of ${show(pattern)}`, options, () => {
      const found = this.heard.slice(this.#nextHeard).find((utterance) => matches(pattern, utterance.text));
      return found?.text ?? null;
    });
  }

  /** Waits until these keys have been heard as tones, one after the other. @throws as `hears` */
  hearsKeys(digits: string, options: Within = {}): Promise<string> {
    return this.#until(`the keys ${digits} to sound`, options, () => (this.keysHeard.includes(digits) ? digits : null));
  }

  /** Says nothing for `ms`, or until the call ends. */
  async staysSilent(ms: number): Promise<void> {
    await pause(this.#call.exchange.clock, ms, this.#call.over);
  }

  /** Presses keys, 0-9 * #, one after the other. */
  async presses(digits: string, options: Within = {}): Promise<void> {
    if (!/^[0-9*#]+$/.test(digits)) throw new Fault("invalid_argument", `the keys are "${digits}"; they must be of 0-9 * #`);
    for (const digit of digits) {
      const stream = await this.#until(`a stream for key ${digit}`, options, () => this.#call.stream);
      this.#call.timeline.add("dtmf", digit);
      stream.sendDigit(digit);
      await pause(this.#call.exchange.clock, DIGIT_MS, this.#call.over);
    }
  }

  /** Waits until the call has been answered. */
  async isAnswered(options: Within = {}): Promise<void> {
    await this.#until("an answer", options, () => (this.#call.answeredAt === null ? null : true));
  }

  /** Puts the phone down. Resolves when the call is over; harmless when it was. */
  async hangUp(): Promise<CallEnding> {
    this.#call.hangUp();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
  }

  /** What a script that acts in the background threw, or undefined. */
  get scriptFailure(): Error | undefined {
    return this.#call.scriptFailure;
  }

  /** Lets a script act on this call in the background; what it throws is kept in `scriptFailure` and noted on the timeline. */
  act(script: (call: PhoneCall) => Promise<void>): void {
    script(this).catch((thrown: unknown) => {
      const failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#call.scriptFailure = failure;
      this.#call.note(`the caller's script failed: ${failure.message.split("\n")[0]}`);
    });
  }

  get #isListenedTo(): boolean {
    return this.#call.stream !== null || this.#call.partner !== null;
  }

  get #agentIsSpeaking(): boolean {
    return this.#call.ear.isSounding;
  }

  #take(pattern: Pattern): string | null {
    const { ear, said } = this.#call;
    for (let index = this.#nextHeard; index < ear.finished.length; index++) {
      const utterance = ear.finished[index];
      if (utterance?.complete === true && matches(pattern, utterance.text)) {
        this.#nextHeard = index + 1;
        return utterance.text;
      }
    }
    for (let index = this.#nextSaid; index < said.length; index++) {
      const text = said[index] ?? "";
      if (matches(pattern, text)) {
        this.#nextSaid = index + 1;
        return text;
      }
    }
    return null;
  }

  /** Waits until `look` finds something; it is asked again whenever something changes on the call. */
  #until<T>(what: string, options: Within, look: () => T | null): Promise<T> {
    const { clock } = this.#call.exchange;
    const withinMs = options.withinMs ?? DEFAULT_WITHIN_MS;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        callOff();
        stopLooking();
      };
      const callOff = clock.arm(clock.now() + withinMs, () => {
        settle();
        reject(this.#fault("deadline_exceeded", `waited ${withinMs} ms for ${what}, in vain`));
      });
      const check = (): void => {
        const found = look();
        if (found !== null) {
          settle();
          resolve(found);
        } else if (this.#call.ending !== null) {
          settle();
          reject(this.#fault("failed_precondition", `waited for ${what}, but the call is over (${this.#call.ending.reason})`));
        }
      };
      const stopLooking = this.#call.onChange(check);
      check();
    });
  }

  #fault(code: "deadline_exceeded" | "failed_precondition", sentence: string): Fault {
    return new Fault(code, `${sentence}. The call ${this.sid} so far:\n${this.#call.timeline.text()}`);
  }
}

function matches(pattern: Pattern, text: string): boolean {
  if (typeof pattern === "string") return normal(text).includes(normal(pattern));
  pattern.lastIndex = 0;
  return pattern.test(text);
}

function normal(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

function show(pattern: Pattern): string {
  return typeof pattern === "string" ? `"${pattern}"` : String(pattern);
}
