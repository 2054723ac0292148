/** The simulated telephone exchange: what the calls, the REST API and the phones share. */
import type { Clock } from "@struere/kernel";
import type { Account, AccountNumber } from "./account.ts";
import type { Alert } from "./alert.ts";
import { Call } from "./call/call.ts";
import type { Callback, CallOptions } from "./call/call-facts.ts";
import type { Params } from "./call/status-callbacks.ts";
import { Journal } from "./journal.ts";
import type { Origins } from "./origins.ts";
import { Phone } from "./phone/phone.ts";
import type { Switches } from "./switches.ts";
import { Ticker } from "./ticker.ts";
import { type WebhookAnswer, Webhooks } from "./webhook.ts";

/** A request that Twilio made of the product. */
export type SentWebhook = {
  readonly atMs: number;
  readonly kind: WebhookKind;
  readonly callSid: string;
  readonly method: string;
  readonly url: string;
  readonly params: Params;
  /** 0: no answer. */
  readonly status: number;
  readonly answer: string;
  readonly tookMs: number;
};
export type WebhookKind = "voice" | "fallback" | "action" | "redirect" | "status" | "stream-status" | "dial-action" | "answered-by";

const JOURNAL_MAX = 10_000;

export class Exchange {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly origins: Origins;
  readonly ticker: Ticker;
  readonly webhooks: Webhooks;
  readonly accounts = new Map<string, Account>();
  readonly calls = new Map<string, Call>();
  readonly alerts = new Journal<Alert>({ max: JOURNAL_MAX });
  readonly sent = new Journal<SentWebhook>({ max: JOURNAL_MAX });
  /** What failed inside the simulator itself: empty, or a bug of the simulator. */
  readonly faults: unknown[] = [];
  readonly #phones = new Map<string, Phone>();
  readonly #keepCalls: number;
  readonly #startedAt: number;

  constructor(options: { readonly clock: Clock; readonly switches: Switches; readonly origins: Origins; readonly keepCalls: number }) {
    this.clock = options.clock;
    this.switches = options.switches;
    this.origins = options.origins;
    this.#keepCalls = options.keepCalls;
    this.#startedAt = options.clock.now();
    this.ticker = new Ticker({ clock: options.clock, onFault: (fault) => this.faults.push(fault) });
    this.webhooks = new Webhooks({ clock: options.clock, origins: options.origins });
  }

  /** Milliseconds since the simulator started. */
  elapsedMs(): number {
    return Math.round(this.clock.now() - this.#startedAt);
  }

  phone(e164: string): Phone {
    let phone = this.#phones.get(e164);
    if (phone === undefined) {
      phone = new Phone(this, e164);
      this.#phones.set(e164, phone);
    }
    return phone;
  }

  /** The account number that owns `e164`. */
  findNumber(e164: string): { readonly account: Account; readonly number: AccountNumber } | undefined {
    for (const account of this.accounts.values()) {
      for (const number of account.numbers.values()) if (number.phoneNumber === e164) return { account, number };
    }
    return undefined;
  }

  /** A new call, known by its sid from now on. */
  openCall(options: Omit<CallOptions, "exchange">): Call {
    const call = new Call({ ...options, exchange: this });
    this.calls.set(call.sid, call);
    return call;
  }

  /** Forgets the oldest finished calls beyond the bound. */
  forgetOldCalls(): void {
    if (this.calls.size <= this.#keepCalls) return;
    for (const [sid, call] of this.calls) {
      if (this.calls.size <= this.#keepCalls) return;
      if (call.ending !== null) this.calls.delete(sid);
    }
  }

  /** A webhook of a call, made, timed and written down. Never rejects. */
  async request(call: Call, kind: WebhookKind, to: Callback, params: Params): Promise<WebhookAnswer> {
    const startedAt = this.clock.now();
    const answer = await this.webhooks.send({ ...to, params, authToken: call.signingToken });
    const tookMs = Math.round(this.clock.now() - startedAt);
    const body = answer.ok ? answer.body : answer.detail;
    this.sent.add({
      atMs: this.elapsedMs(),
      kind,
      callSid: call.sid,
      method: to.method,
      url: to.url,
      params,
      status: answer.status,
      answer: body,
      tookMs,
    });
    call.timeline.add("webhook", `${kind} ${answer.ok ? `HTTP ${answer.status}` : answer.detail} in ${tookMs} ms`);
    if (!answer.ok) call.alert(answer.code, `${to.url}: ${answer.detail}`);
    return answer;
  }

  close(): void {
    for (const call of this.calls.values()) call.end("simulator-closed", call.answeredAt === null ? "canceled" : "completed");
    this.ticker.close();
    this.webhooks.close();
  }
}
