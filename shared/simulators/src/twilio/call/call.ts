/**
 * One call as Twilio sees it: its record, the phone at its other end, the media stream while there is one, and the TwiML that is being
 * run. The call owns the 20 ms step; the Program decides what happens next; the Exchange knows the other calls.
 */
import type { Account } from "../account.ts";
import { type Alert, type AlertCode, ALERTS } from "../alert.ts";
import { pause } from "@struere/runtime";
import type { Exchange } from "../exchange.ts";
import { MediaStream, type StreamEnding } from "../media/media-stream.ts";
import type { Detected } from "../phone/phone.ts";
import { mintSid } from "../sid.ts";
import type { Ticking } from "../ticker.ts";
import type { StreamNoun } from "../twiml/twiml.ts";
import { Program, type TwimlSource } from "../twiml/program.ts";
import type { Callback, CallEnding, CallOptions, Direction, EndReason } from "./call-facts.ts";
import { Ear } from "./ear.ts";
import { Line, type LineCondition } from "./line.ts";
import { Mouth } from "./mouth.ts";
import { type CallStatus, isFinal, rfc2822, voiceParams } from "./params.ts";
import { type Params, StatusCallbacks } from "./status-callbacks.ts";
import type { TapeRecorder } from "./tape.ts";
import { Timeline } from "./timeline.ts";

/** Twilio's default limit of a call: four hours. */
const TIME_LIMIT_S = 14_400;

export class Call implements Ticking {
  readonly sid = mintSid("CA");
  readonly account: Account;
  readonly exchange: Exchange;
  readonly from: string;
  readonly to: string;
  readonly direction: Direction;
  readonly parentCallSid: string | null;
  readonly fallback: Callback | null;
  readonly createdAt: number;
  readonly createdWall: number;
  readonly timeline: Timeline;
  readonly mouth = new Mouth();
  readonly ear: Ear;
  readonly program: Program;
  readonly ended: Promise<CallEnding>;
  readonly alerts: Alert[] = [];
  readonly said: string[] = [];
  status: CallStatus;
  answeredAt: number | null = null;
  answeredWall: number | null = null;
  endedWall: number | null = null;
  durationMs = 0;
  ending: CallEnding | null = null;
  timeLimitS: number;
  /** The next 20 ms step; the ticker moves it on. */
  dueAt = 0;
  /** The call that `<Dial>` joined to this one: each hears the other. */
  partner: Call | null = null;
  /** Both sides of the call from its answer on, when somebody wants it. */
  tape: TapeRecorder | null = null;
  /** What a script that acts on this call in the background threw. */
  scriptFailure: Error | undefined;
  readonly #over = new AbortController();
  readonly #callbacks: StatusCallbacks;
  readonly #statusCallback: Callback | null;
  readonly #detection: Callback | null;
  /** Who answered, once detection has come to a word. */
  answeredBy: string | null = null;
  readonly #listeners = new Set<() => void>();
  #stream: MediaStream | null = null;
  #line: Line | null = null;
  #resolveEnded!: (ending: CallEnding) => void;

  constructor(options: CallOptions) {
    const { exchange, account } = options;
    this.exchange = exchange;
    this.account = account;
    this.from = options.from;
    this.to = options.to;
    this.direction = options.direction;
    this.status = options.status;
    this.parentCallSid = options.parentCallSid ?? null;
    this.fallback = options.fallback ?? null;
    this.timeLimitS = options.timeLimitS ?? TIME_LIMIT_S;
    this.createdAt = exchange.clock.now();
    this.createdWall = exchange.clock.wall();
    this.timeline = new Timeline(() => exchange.clock.now() - this.createdAt);
    this.ear = new Ear({
      onStarted: (utteranceId) => this.timeline.add("agent-speaks", `utterance ${utteranceId}`),
      onKey: (key) => {
        this.timeline.add("tone", key);
        this.#changed();
      },
      onFinished: (heard) => {
        const cut = `${heard.text} (cut at ${heard.heardMs} of ${heard.totalMs} ms)`;
        this.timeline.add(heard.complete ? "agent-spoke" : "agent-cut", heard.complete ? heard.text : cut);
        this.#changed();
      },
    });
    this.program = new Program(this);
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#statusCallback = options.statusCallback ?? null;
    this.#detection = options.detection ?? null;
    this.#callbacks = new StatusCallbacks({
      switches: exchange.switches,
      events: new Set(this.#statusCallback === null ? [] : (options.statusEvents ?? ["completed"])),
      send: (params) => this.#sendStatus(params),
    });
    this.timeline.add("placed", `${this.direction} ${this.sid}`);
  }

  get accountSid(): string {
    return this.account.sid;
  }

  get isOver(): boolean {
    return isFinal(this.status);
  }

  get stream(): MediaStream | null {
    return this.#stream?.isLive === true ? this.#stream : null;
  }

  /** Aborts when the call ends: for waits that should end with it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The auth token that signs: the account's, unless a switch forges it. */
  get signingToken(): string {
    return this.exchange.switches.signingToken ?? this.account.authToken;
  }

  params(): Params {
    return voiceParams(this);
  }

  /** Calls `listener` whenever something was heard, said, started or ended. The returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Status before the answer: `initiated` and `ringing`. */
  progress(status: "initiated" | "ringing"): void {
    if (this.isOver) return;
    this.status = status;
    if (status === "ringing") this.timeline.add("ringing", this.to);
    void this.#callbacks.fire(status, this.#statusParams());
  }

  /** The call is picked up; from here on it has a 20 ms step. Does nothing when it was already. */
  answer(): void {
    if (this.answeredAt !== null || this.isOver) return;
    this.status = "in-progress";
    this.answeredAt = this.exchange.clock.now();
    this.answeredWall = this.exchange.clock.wall();
    this.timeline.add("answered", "");
    if (this.direction !== "inbound") void this.#callbacks.fire("answered", this.#statusParams());
    this.dueAt = this.answeredAt;
    this.exchange.ticker.add(this);
    this.#changed();
  }

  /** From now on the caller's voice comes over a line like this. */
  comesOver(condition: LineCondition): void {
    this.#line = new Line(condition);
  }

  /** Tells who answered, where that was asked for. Never rejects. */
  async detect({ answeredBy, afterMs }: Detected): Promise<void> {
    const callback = this.#detection;
    if (callback === null) return;
    await pause(this.exchange.clock, afterMs, this.over);
    if (this.isOver) return;
    this.answeredBy = answeredBy;
    const params = { AccountSid: this.accountSid, CallSid: this.sid, AnsweredBy: answeredBy, MachineDetectionDuration: String(afterMs) };
    await this.exchange.request(this, "answered-by", callback, params);
  }

  step(atMs: number): void {
    const frame = this.#spokenFrame();
    const stream = this.#stream;
    const played = stream?.playFrame() ?? null;
    this.tape?.add(frame, played, atMs - this.createdAt);
    if (stream !== null) {
      stream.sendFrame(frame, atMs);
      if (played === null) this.ear.rest();
      else {
        this.ear.hear(played, atMs - this.createdAt, { generation: stream.generation, streamSid: stream.sid });
        this.#changed();
      }
    } else if (this.partner !== null && frame !== null) {
      this.partner.overhear(frame, atMs);
    }
    if (this.answeredAt !== null && atMs - this.answeredAt >= this.timeLimitS * 1000) this.end("time-limit", "completed");
  }

  /** What leaves the caller's phone in this step, as it arrives at the other end of the line. */
  #spokenFrame(): Uint8Array | null {
    const begins = this.mouth.isBeginning;
    const frame = this.mouth.nextFrame();
    if (this.#line === null) return frame;
    if (begins) this.#line.begin();
    return frame === null ? this.#line.quiet() : this.#line.carry(frame);
  }

  /** A frame of the joined call. */
  overhear(frame: Uint8Array, atMs: number): void {
    this.ear.hear(frame, atMs - this.createdAt, { generation: 0, streamSid: "" });
    this.#changed();
  }

  /** `<Say>` has been heard to its end. */
  hearSaid(text: string): void {
    this.said.push(text);
    this.timeline.add("said", text);
    this.#changed();
  }

  /** Opens the media stream of `<Connect>`; `settled` is called once with how it ended. */
  openStream(noun: StreamNoun, onEnded: (ending: StreamEnding) => void): MediaStream {
    const { clock, switches, origins } = this.exchange;
    const stream = new MediaStream({
      clock,
      switches,
      accountSid: this.accountSid,
      authToken: this.signingToken,
      callSid: this.sid,
      url: noun.url,
      connectTo: origins.connectTo(noun.url),
      parameters: noun.parameters,
      onStarted: ({ sid }) => {
        this.timeline.add("stream-started", sid);
        void this.#sendStreamStatus(noun, sid, "stream-started");
        this.#changed();
      },
      onFirstAudio: () => this.timeline.add("first-audio", ""),
      onEnded: (ending) => {
        if (this.#stream === stream) this.#stream = null;
        this.ear.cut();
        this.#streamEnded(noun, stream.sid, ending);
        onEnded(ending);
        this.#changed();
      },
      onAlert: (code, detail) => this.alert(code, detail),
      onCleared: () => {
        this.ear.cut();
        this.#changed();
      },
    });
    this.#stream = stream;
    return stream;
  }

  /** Replaces the TwiML of a live call: what runs now is interrupted, its stream stopped. */
  redirect(source: TwimlSource): void {
    if (!this.isOver) this.program.redirect(source);
  }

  /** Ends the call, once. Everything that waits for it is told. */
  end(reason: EndReason, status: CallStatus): void {
    if (this.isOver) return;
    this.status = status;
    this.endedWall = this.exchange.clock.wall();
    this.durationMs = this.answeredAt === null ? 0 : this.exchange.clock.now() - this.answeredAt;
    this.exchange.ticker.remove(this);
    void this.#finish(reason);
  }

  /** The person at the other end puts the phone down. */
  hangUp(): void {
    this.end("caller-hung-up", this.answeredAt === null ? "no-answer" : "completed");
  }

  alert(code: AlertCode, detail: string): void {
    const [level, message] = ALERTS[code];
    const alert: Alert = { atMs: this.exchange.elapsedMs(), code, level, message, detail, callSid: this.sid };
    this.alerts.push(alert);
    this.exchange.alerts.add(alert);
    this.timeline.add("alert", `${code} ${message}: ${detail}`);
  }

  note(text: string): void {
    this.timeline.add("note", text);
  }

  async #finish(reason: EndReason): Promise<void> {
    const completed = (): Promise<void> => this.#callbacks.fire("completed", { ...this.#statusParams(), ...this.#duration() });
    if (this.exchange.switches.statusBeforeStop) await completed();
    this.#stream?.stop();
    this.program.abort();
    this.#over.abort();
    this.partner?.leave();
    this.mouth.close();
    this.ear.cut();
    this.timeline.add("ended", `${reason}, ${this.status}, ${Math.round(this.durationMs)} ms`);
    if (!this.exchange.switches.statusBeforeStop) void completed();
    this.ending = {
      reason,
      status: this.status,
      durationMs: this.durationMs,
      errors: this.alerts.filter((alert) => alert.level === "error"),
      twimlSaid: this.said,
    };
    this.#resolveEnded(this.ending);
    this.exchange.forgetOldCalls();
    this.#changed();
  }

  /** From now on the two calls hear each other. */
  join(other: Call): void {
    this.partner = other;
    other.partner = this;
    for (const call of [this, other]) call.note(`joined with ${call.partner?.sid}`);
    for (const call of [this, other]) call.#changed();
  }

  /** The joined call has ended. */
  leave(): void {
    this.partner = null;
    this.ear.cut();
    this.#changed();
  }

  #streamEnded(noun: StreamNoun, sid: string, ending: StreamEnding): void {
    switch (ending.how) {
      case "stopped":
        this.timeline.add("stream-ended", "stopped by Twilio");
        void this.#sendStreamStatus(noun, sid, "stream-stopped");
        return;
      case "closed":
        this.timeline.add("stream-ended", `closed by the server (${ending.closeCode})`);
        this.alert(31921, `close code ${ending.closeCode}`);
        void this.#sendStreamStatus(noun, sid, "stream-stopped");
        return;
      case "broken":
      case "handshake-failed":
        this.timeline.add("stream-ended", ending.how);
        this.alert(ending.code, ending.detail);
        void this.#sendStreamStatus(noun, sid, "stream-error", `${ending.code} ${ALERTS[ending.code][1]}`);
        return;
      default:
        ending satisfies never;
    }
  }

  #statusParams(): Params {
    return {
      ...this.params(),
      Timestamp: rfc2822(this.exchange.clock.wall()),
      ...(this.answeredBy === null ? {} : { AnsweredBy: this.answeredBy }),
    };
  }

  #duration(): Params {
    const seconds = Math.round(this.durationMs / 1000);
    return { CallDuration: String(seconds), Duration: String(Math.ceil(seconds / 60)), SipResponseCode: sipCode(this.status) };
  }

  async #sendStatus(params: Params): Promise<void> {
    const callback = this.#statusCallback;
    if (callback !== null) await this.exchange.request(this, "status", callback, params);
  }

  async #sendStreamStatus(noun: StreamNoun, streamSid: string, event: string, error?: string): Promise<void> {
    if (noun.statusCallback === null) return;
    const timestamp = new Date(this.exchange.clock.wall()).toISOString().replace("Z", "648368Z"); // Twilio gives nanoseconds
    const params: Params = {
      AccountSid: this.accountSid,
      CallSid: this.sid,
      StreamSid: streamSid,
      StreamName: noun.name ?? streamSid,
      StreamEvent: event,
      Timestamp: timestamp,
      ...(error === undefined ? {} : { StreamError: error }),
    };
    await this.exchange.request(this, "stream-status", { url: noun.statusCallback, method: noun.statusCallbackMethod }, params);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function sipCode(status: CallStatus): string {
  const codes: Partial<Record<CallStatus, string>> = { busy: "486", "no-answer": "487", canceled: "487", failed: "404" };
  return codes[status] ?? "200";
}
