/**
 * Runs the TwiML of one call: fetches a document, does its verbs in order, follows redirects and actions, and hangs up when nothing is
 * left. A REST redirect or the end of the call interrupts the verb that is being done; every wait here ends with the signal.
 */
import { Fault } from "@struere/kernel";
import type { Call } from "../call/call.ts";
import type { Callback } from "../call/call-facts.ts";
import type { Params } from "../call/status-callbacks.ts";
import { pause } from "@struere/runtime";
import { aborted } from "../aborted.ts";
import type { WebhookKind } from "../exchange.ts";
import type { StreamEnding } from "../media/media-stream.ts";
import type { AfterConnect } from "../switches.ts";
import type { WebhookAnswer } from "../webhook.ts";
import { runDial } from "./dial.ts";
import { type Document, parseTwiml, type Verb } from "./twiml.ts";

export type TwimlSource =
  | { readonly kind: "url"; readonly as: WebhookKind; readonly url: string; readonly method: "GET" | "POST"; readonly extra?: Params }
  | { readonly kind: "inline"; readonly twiml: string };

/** What a verb leads to. */
export type Flow = { readonly to: "next" } | { readonly to: "end" } | { readonly to: "document"; readonly source: TwimlSource };

export const NEXT: Flow = { to: "next" };
const END: Flow = { to: "end" };

/** A call that has run this many documents is looping. */
const MAX_DOCUMENTS = 200;
const APPLICATION_ERROR = "We're sorry, an application error has occurred. Goodbye.";

export class Program {
  readonly #call: Call;
  #document = new AbortController();
  #redirected: TwimlSource | null = null;
  #over = false;
  /** Against which relative URLs are read. */
  #base: string | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Runs documents until the call ends. Never rejects. */
  async run(first: TwimlSource): Promise<void> {
    const call = this.#call;
    let source: TwimlSource | null = first;
    for (let documents = 1; source !== null && !this.#over && !call.isOver; documents++) {
      this.#document = new AbortController();
      source = documents > MAX_DOCUMENTS ? await this.#tooMany() : await this.#runDocument(source, this.#document.signal);
      if (this.#redirected !== null) {
        source = this.#redirected;
        this.#redirected = null;
      }
    }
    call.end("twiml-finished", "completed");
  }

  redirect(source: TwimlSource): void {
    this.#redirected = source;
    this.#document.abort();
  }

  abort(): void {
    this.#over = true;
    this.#document.abort();
  }

  async #tooMany(): Promise<null> {
    this.#call.alert(11200, `more than ${MAX_DOCUMENTS} TwiML documents in one call`);
    return this.#applicationError();
  }

  async #runDocument(source: TwimlSource, signal: AbortSignal): Promise<TwimlSource | null> {
    const document = await this.#fetch(source, signal);
    if (document === null || signal.aborted) return null;
    for (const warning of document.warnings) this.#call.alert(12200, warning);
    for (const verb of document.verbs) {
      // A call is answered by the first verb that needs it (twilio.com/docs/voice/twiml/pause, /reject).
      if (verb.verb !== "pause" && verb.verb !== "reject" && verb.verb !== "redirect") this.#call.answer();
      const flow = await this.#do(verb, signal);
      if (signal.aborted) return null;
      if (flow.to === "document") return flow.source;
      if (flow.to === "end") return null;
    }
    return null;
  }

  async #do(verb: Verb, signal: AbortSignal): Promise<Flow> {
    const call = this.#call;
    const { clock } = call.exchange;
    switch (verb.verb) {
      case "connect":
        return this.#connect(verb, signal);
      case "say": {
        for (let time = 0; time < Math.max(1, verb.times) && !signal.aborted; time++) await this.say(verb.text, signal);
        return NEXT;
      }
      case "play":
        if (verb.digits !== null) {
          call.timeline.add("dtmf", `the agent's side sends ${verb.digits}`);
          await pause(clock, verb.digits.length * 500, signal);
        } else call.note(`<Play> ${verb.url} is not played`);
        return NEXT;
      case "pause":
        await pause(clock, verb.ms, signal);
        return NEXT;
      case "redirect":
        return this.#goto("redirect", { url: verb.url, method: verb.method });
      case "hangup":
        call.end("twiml-hangup", "completed");
        return END;
      case "reject":
        call.end("rejected", call.answeredAt !== null ? "completed" : verb.reason === "busy" ? "busy" : "no-answer");
        return END;
      case "dial": {
        const result = await runDial(call, verb, signal);
        if (signal.aborted || verb.action === null) return NEXT;
        return this.#goto("dial-action", { url: verb.action, method: verb.method }, result);
      }
      case "not-simulated":
        call.note(`<${verb.name}> is passed over: this simulator does not do it`);
        return NEXT;
      default:
        return verb satisfies never;
    }
  }

  /** Says a text in the time it takes; a caller who is interrupted has not heard it. */
  async say(text: string, signal: AbortSignal): Promise<void> {
    const call = this.#call;
    await pause(call.exchange.clock, text.length * call.exchange.switches.sayMsPerChar, signal);
    if (!signal.aborted && !call.isOver) call.hearSaid(text);
  }

  async #connect(verb: Verb & { verb: "connect" }, signal: AbortSignal): Promise<Flow> {
    const { switches } = this.#call.exchange;
    const ending = await this.#stream(verb, signal);
    if (ending.how === "stopped") {
      if (this.#call.isOver && switches.actionAfterHangUp && verb.action !== null) {
        const url = this.#resolve(verb.action);
        if (url !== null) await this.#call.exchange.request(this.#call, "action", { url, method: verb.method }, this.#call.params());
      }
      return END;
    }
    const after: AfterConnect =
      ending.how === "closed" ? "action" : ending.how === "broken" ? switches.afterBrokenStream : switches.afterFailedHandshake;
    if (after === "hang-up") {
      this.#call.end("twiml-finished", "completed");
      return END;
    }
    if (after === "next-verb" || verb.action === null) return NEXT;
    return this.#goto("action", { url: verb.action, method: verb.method });
  }

  #stream(verb: Verb & { verb: "connect" }, signal: AbortSignal): Promise<StreamEnding> {
    const call = this.#call;
    const refused = this.#refusal(verb);
    if (refused !== null) {
      call.alert(refused.code, refused.detail);
      return Promise.resolve(refused);
    }
    const url = verb.stream.url.replace(/[?#].*$/s, "");
    if (url !== verb.stream.url) call.alert(12200, "<Stream url> has a query string; it is dropped");
    if (signal.aborted) return Promise.resolve({ how: "stopped" });
    return new Promise((resolve) => {
      const stream = call.openStream({ ...verb.stream, url }, resolve);
      signal.addEventListener("abort", () => stream.stop(), { once: true });
    });
  }

  /** What Twilio refuses before it connects. */
  #refusal({ stream }: Verb & { verb: "connect" }): (StreamEnding & { how: "handshake-failed" }) | null {
    if (!URL.canParse(stream.url)) return { how: "handshake-failed", code: 31923, detail: `<Stream url="${stream.url}">` };
    if (!this.#call.exchange.origins.allowsStream(stream.url))
      return { how: "handshake-failed", code: 31922, detail: `${stream.url} is not wss` };
    if (stream.track !== null && stream.track !== "inbound_track") {
      return { how: "handshake-failed", code: 31941, detail: `<Connect> takes inbound_track, not ${stream.track}` };
    }
    return null;
  }

  #goto(as: WebhookKind, to: Callback, extra?: Params): Flow {
    const url = this.#resolve(to.url);
    if (url === null) {
      this.#call.alert(11100, `${to.url} is not a URL`);
      return END;
    }
    return { to: "document", source: { kind: "url", as, url, method: to.method, ...(extra === undefined ? {} : { extra }) } };
  }

  /** A document, from its source or else from the fallback URL. Null: neither could be had, and the caller was told. */
  async #fetch(source: TwimlSource, signal: AbortSignal): Promise<Document | null> {
    const call = this.#call;
    if (source.kind === "inline")
      return this.#parse({ ok: true, status: 200, contentType: "text/xml", body: source.twiml }, "inline TwiML");
    const first = await this.#request(source.as, source, source.extra ?? {}, signal);
    if (signal.aborted || first !== null) return first;
    if (call.fallback !== null) {
      const code = call.alerts.at(-1)?.code ?? 11200;
      const second = await this.#request("fallback", call.fallback, { ErrorCode: String(code), ErrorUrl: source.url }, signal);
      if (signal.aborted || second !== null) return second;
    }
    return this.#applicationError();
  }

  async #request(kind: WebhookKind, to: Callback, extra: Params, signal: AbortSignal): Promise<Document | null> {
    const call = this.#call;
    const request = call.exchange.request(call, kind, to, { ...call.params(), ...extra });
    // When the call goes on without this document the request is left to its own end: nobody is told that the answer will be dropped.
    const answer = await Promise.race([request, aborted(signal)]);
    if (answer === undefined || signal.aborted || !answer.ok) return null;
    this.#base = to.url;
    return this.#parse(answer, to.url);
  }

  #parse(answer: WebhookAnswer & { readonly ok: true }, from: string): Document | null {
    const type = answer.contentType.split(";")[0]?.trim().toLowerCase() ?? "";
    if (type === "text/plain") return { verbs: [{ verb: "say", text: answer.body.trim(), times: 1 }], warnings: [] };
    if (type.startsWith("audio/")) return { verbs: [{ verb: "play", url: from, digits: null }], warnings: [] };
    if (type !== "text/xml" && type !== "application/xml" && type !== "text/html") {
      this.#call.alert(12300, `${from} answered ${type === "" ? "without a content type" : type}; TwiML is text/xml`);
      return null;
    }
    try {
      return parseTwiml(answer.body);
    } catch (thrown) {
      this.#call.alert(12100, `${from}: ${Fault.from(thrown).sentence}`);
      return null;
    }
  }

  async #applicationError(): Promise<null> {
    const call = this.#call;
    if (call.isOver) return null;
    call.answer();
    await this.say(APPLICATION_ERROR, this.#document.signal);
    if (this.#redirected === null) call.end("application-error", "completed");
    return null;
  }

  #resolve(url: string): string | null {
    if (!URL.canParse(url, this.#base)) return null;
    // An absolute URL is kept letter by letter, since it is signed so.
    return URL.canParse(url) ? url : new URL(url, this.#base).href;
  }
}
