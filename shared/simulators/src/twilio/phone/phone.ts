/** A telephone somewhere in the world: it dials, and it rings. */
import { Fault } from "@struere/kernel";
import type { Call } from "../call/call.ts";
import { pause } from "@struere/runtime";
import type { Exchange } from "../exchange.ts";
import { PhoneCall } from "./phone-call.ts";

/** What a phone does when it is called. */
export type WhenCalled =
  /** It is picked up after `afterMs` of ringing; `act` is what the person does, `twilio.phone(n).rings()` the other way to get at it. */
  | { readonly answer: { readonly afterMs?: number; readonly act?: (call: PhoneCall) => Promise<void>; readonly detected?: Detected } }
  | "busy"
  | "no-answer"
  /** The network knows no such number. */
  | "unreachable";

/** What answering machine detection comes to, for calls that asked for it; a person after two seconds when absent. */
export type Detected = { readonly answeredBy: AnsweredBy; readonly afterMs: number };
export type AnsweredBy = "human" | "machine_start" | "machine_end_beep" | "machine_end_silence" | "machine_end_other" | "fax" | "unknown";

const A_PERSON: Detected = { answeredBy: "human", afterMs: 2_000 };

export type RingOutcome = "answered" | "busy" | "no-answer" | "failed" | "canceled";

const DEFAULT_ANSWER_MS = 500;
const RING_BACK_MS = 100;

export class Phone {
  readonly number: string;
  readonly #exchange: Exchange;
  #whenCalled: WhenCalled = { answer: {} };
  #waiting: ((call: PhoneCall) => void)[] = [];
  #unclaimed: PhoneCall[] = [];

  constructor(exchange: Exchange, number: string) {
    this.#exchange = exchange;
    this.number = number;
  }

  /** Sets what happens when this phone is called; at first it is picked up after half a second by somebody who says nothing. */
  whenCalled(behaviour: WhenCalled): this {
    this.#whenCalled = behaviour;
    return this;
  }

  /**
   * Calls a number of a simulated account. Resolves as soon as the call is placed; `hears` and `says` wait for what they need.
   * @throws Fault not_found when no account has that number.
   */
  async dial(to: string): Promise<PhoneCall> {
    const exchange = this.#exchange;
    const found = exchange.findNumber(to);
    if (found === undefined) {
      const known = [...exchange.accounts.values()].flatMap((account) => [...account.numbers.values()].map((number) => number.phoneNumber));
      throw new Fault("not_found", `no simulated account has the number ${to}; the numbers are ${known.join(", ") || "none"}`);
    }
    const { account, number } = found;
    const call = exchange.openCall({
      account,
      from: this.number,
      to,
      direction: "inbound",
      status: "ringing",
      fallback: number.voiceFallbackUrl === null ? null : { url: number.voiceFallbackUrl, method: number.voiceFallbackMethod },
      statusCallback: number.statusCallback === null ? null : { url: number.statusCallback, method: number.statusCallbackMethod },
    });
    const phoneCall = new PhoneCall(call);
    if (number.voiceApplicationSid !== null || number.trunkSid !== null) {
      call.note("voice_url is ignored: the number has a voice_application_sid or a trunk_sid");
    }
    const url = number.voiceApplicationSid === null && number.trunkSid === null ? number.voiceUrl : null;
    if (url === null) {
      call.note("the number has no voice URL that counts; nothing answers");
      call.end("failed", "failed");
    } else {
      void call.program.run({ kind: "url", as: "voice", url, method: number.voiceMethod });
    }
    return phoneCall;
  }

  /** The next call that this phone picks up, or one that it has picked up and nobody has asked for. */
  rings(options: { readonly withinMs?: number } = {}): Promise<PhoneCall> {
    const unclaimed = this.#unclaimed.shift();
    if (unclaimed !== undefined) return Promise.resolve(unclaimed);
    const { clock } = this.#exchange;
    const withinMs = options.withinMs ?? 15_000;
    return new Promise((resolve, reject) => {
      const take = (call: PhoneCall): void => {
        callOff();
        resolve(call);
      };
      const callOff = clock.arm(clock.now() + withinMs, () => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== take);
        reject(new Fault("deadline_exceeded", `${this.number} did not ring and answer within ${withinMs} ms`));
      });
      this.#waiting.push(take);
    });
  }

  /** Rings for a call that Twilio makes to this phone, and answers it or not. */
  async ring(call: Call, timeoutMs: number): Promise<RingOutcome> {
    const { clock } = this.#exchange;
    const behaviour = this.#whenCalled;
    await pause(clock, RING_BACK_MS, call.over);
    if (call.isOver) return "canceled";
    if (behaviour === "unreachable") {
      call.end("failed", "failed");
      return "failed";
    }
    if (behaviour === "busy") {
      call.end("busy", "busy");
      return "busy";
    }
    call.progress("ringing");
    const answerMs = behaviour === "no-answer" ? Number.POSITIVE_INFINITY : (behaviour.answer.afterMs ?? DEFAULT_ANSWER_MS);
    await pause(clock, Math.min(answerMs, timeoutMs), call.over);
    if (call.isOver) return "canceled";
    if (answerMs > timeoutMs || behaviour === "no-answer") {
      call.end("no-answer", "no-answer");
      return "no-answer";
    }
    call.answer();
    void call.detect(behaviour.answer.detected ?? A_PERSON);
    const phoneCall = new PhoneCall(call);
    if (behaviour.answer.act !== undefined) phoneCall.act(behaviour.answer.act);
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(phoneCall);
    else if (behaviour.answer.act === undefined) this.#unclaimed = [...this.#unclaimed, phoneCall].slice(-MAX_UNCLAIMED);
    return "answered";
  }
}

const MAX_UNCLAIMED = 16;
