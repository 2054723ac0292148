/**
 * One session of OpenAI Realtime (https://platform.openai.com/docs/guides/realtime-websocket): opened, configured and checked, spoken to,
 * listened to, and found out when it has died.
 *
 * The leg decides nothing about the call. It owns what the vendor's protocol needs and no one else has to know: which update is waiting
 * for its echo, when the last pong came, and which close is the vendor's last word. Audio passes it by: the audio lane takes the deltas
 * out of the stream before they come here, and appends the caller's frames to the same socket.
 */
import type { HeardUtterance, ResponsePurpose } from "@struere/call";
import { type Clock, Fault, type FaultCode } from "@struere/kernel";
import {
  type ClientEvent,
  echoMismatch,
  functionCallOutput,
  isFatalModelError,
  itemDelete,
  itemTruncate,
  messageCreate,
  parseServerEvent,
  responseCancel,
  responseCreate,
  type ServerEvent,
  type SessionChange,
  sessionChange,
  type SessionUpdate,
  sessionUpdate,
} from "@struere/protocol/openai";
import type { SpokenWords } from "../lane/index.ts";
import { type Closing, connectLaneSocket, type LaneSocket, NOBODY, type TextTaker } from "../wire/index.ts";
import type { Configuration, ModelLeg, ModelNews, Reconfiguration } from "./model-leg.ts";
import { eventIdOf, isNoNews, toModelNews } from "./model-news.ts";

export interface OpenAIAccount {
  readonly apiKey: string;
  readonly realtimeUrl: string;
}

export interface OpenAILegOptions {
  readonly account: OpenAIAccount;
  readonly model: string;
  readonly clock: Clock;
}

export interface LegListener {
  news(news: ModelNews): void;
  /** The socket is there: the audio lane may attach to it. */
  connected(socket: LaneSocket): void;
  /** Takes the messages of the vendor, which may be audio. What is not comes back through `hear`. */
  readonly messages: TextTaker;
}

/** From the start of the connection to `session.created`, and from a `session.update` to its echo. */
const OPEN_MS = 5_000;
const CONFIGURE_MS = 5_000;
const PING_MS = 15_000;
/** So many pings in a row without a pong: nobody is there. */
const MISSED_PONGS = 2;
/** Large events are normal: a session with many tools, a response with its whole transcript. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MOST_ASIDE = 64;
/** A call changes its session a few times, and each change is answered before long. */
const MOST_ASKED = 16;

export class OpenAILeg implements ModelLeg {
  readonly #clock: Clock;
  readonly #connecting = new AbortController();
  #listener: LegListener | undefined;
  /** News from before anybody listened: a warm leg's. At most: opened, configured, a few errors, closed. */
  #unheard: ModelNews[] = [];
  #socket: LaneSocket | undefined;
  #opened = false;
  #over = false;
  /** Requests from before `session.created`, in order. The machine sends few. */
  #waiting: ClientEvent[] = [];
  /** Updates whose echo is awaited, in order; at most MOST_ASKED. */
  #asked: (SessionUpdate | SessionChange)[] = [];
  /** The last one whose echo was right. */
  #configured: SessionUpdate | SessionChange | undefined;
  #lastError: string | undefined;
  #aside = new Set<string>();
  #pongsMissed = 0;
  #offDeadline: (() => void) | undefined;
  #offPing: (() => void) | undefined;

  constructor(options: OpenAILegOptions) {
    this.#clock = options.clock;
    this.#deadline(OPEN_MS, "open_timeout");
    void this.#open(options.account, options.model);
  }

  /** From now on `listener` hears; first, what there was until now. */
  attach(listener: LegListener): void {
    this.#listener = listener;
    if (this.#socket !== undefined) this.#connect(this.#socket, listener);
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const news of unheard) listener.news(news);
  }

  /** Neither closed nor broken. */
  get isAlive(): boolean {
    return !this.#over;
  }

  configure({ requestId, agent, voice, autoRespond }: Configuration): void {
    let update: SessionUpdate;
    try {
      update = sessionUpdate({ eventId: requestId, agent, voice, autoRespond });
    } catch (thrown) {
      this.#end(Fault.from(thrown).code, true);
      return;
    }
    // A warm leg was asked for the same already: its echo, come or on the way, is the answer.
    const last = this.#asked.at(-1);
    if (last !== undefined && saysTheSame(last, update)) return;
    if (last === undefined && this.#configured !== undefined && saysTheSame(this.#configured, update)) {
      this.#tell({ type: "model.configured" });
      return;
    }
    this.#ask(update);
  }

  reconfigure({ requestId, agent, turns }: Reconfiguration): void {
    let change: SessionChange;
    try {
      change = sessionChange({ eventId: requestId, agent, turns });
    } catch (thrown) {
      // An agent that no session can have: the one that speaks stays, and the call goes on.
      const { code, sentence } = Fault.from(thrown);
      this.#tell({ type: "model.errored", code, message: sentence, requestId });
      return;
    }
    this.#ask(change);
  }

  replay(requestId: string, history: readonly HeardUtterance[]): void {
    for (const [index, { speaker, text }] of history.entries()) {
      this.#send(messageCreate({ eventId: eventIdOf(requestId, index), role: speaker === "caller" ? "user" : "assistant", text }));
    }
  }

  request(requestId: string, purpose: ResponsePurpose, instructions: string | null): void {
    // A word that bridges the wait for a tool calls no other one.
    const speaksOnly = purpose === "filler" ? ({ toolChoice: "none" } as const) : {};
    this.#send(responseCreate({ eventId: requestId, purpose, instructions, ...speaksOnly }));
  }

  cancel(requestId: string, responseId: string): void {
    this.#send(responseCancel({ eventId: requestId, responseId }));
  }

  truncate(requestId: string, itemId: string, audioEndMs: number): void {
    this.#send(itemTruncate({ eventId: requestId, itemId, audioEndMs }));
  }

  delete(requestId: string, itemId: string): void {
    this.#send(itemDelete({ eventId: requestId, itemId }));
  }

  tell(requestId: string, role: "system" | "user", text: string): void {
    this.#send(messageCreate({ eventId: requestId, role, text }));
  }

  answerTool(requestId: string, toolCallId: string, output: string): void {
    this.#send(functionCallOutput({ eventId: requestId, callId: toolCallId, output }));
  }

  close(): void {
    if (this.#over) return;
    this.#stop();
    this.#connecting.abort();
    this.#socket?.close();
  }

  /** A piece of transcript that the lane has read already. */
  hearWords({ responseId, itemId, text }: SpokenWords): void {
    if (!this.#aside.has(responseId)) this.#tell({ type: "model.words_spoken", itemId, text });
  }

  /** A message that is not audio. */
  hear(text: string): void {
    if (this.#over || isNoNews(text)) return;
    let event: ServerEvent;
    try {
      event = parseServerEvent(text);
    } catch {
      // The vendor sends JSON. What is none is no event; the session goes on.
      this.#tell({ type: "model.errored", code: "not_json", message: "a message of the model is not JSON", requestId: null });
      return;
    }
    switch (event.type) {
      case "session.created":
        return this.#sessionCreated(event.sessionId, event.expiresAtMs);
      case "session.updated":
        return this.#sessionUpdated(event.session);
      case "error":
        return this.#errored(event);
      case "response.created":
        if (event.outOfBand) this.#setAside(event.responseId);
        break;
      case "response.output_audio_transcript.delta":
      case "response.output_audio_transcript.done":
        if (this.#aside.has(event.responseId)) return;
        break;
      case "response.done":
        if (event.outOfBand) this.#aside.delete(event.responseId);
        break;
      default:
    }
    const news = toModelNews(event);
    if (news !== null) this.#tell(news);
  }

  async #open({ apiKey, realtimeUrl }: OpenAIAccount, model: string): Promise<void> {
    const url = new URL(realtimeUrl);
    url.searchParams.set("model", model);
    try {
      const socket = await connectLaneSocket({
        url: url.href,
        headers: { authorization: `Bearer ${apiKey}` },
        handshakeTimeoutMs: OPEN_MS,
        signal: this.#connecting.signal,
        clock: this.#clock,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        maxBufferedBytes: MAX_BUFFERED_BYTES,
      });
      if (this.#over) socket.terminate();
      else this.#listen(socket);
    } catch (thrown) {
      const code = refusalCode(Fault.from(thrown).code);
      this.#end(code, isFatalModelError(code));
    }
  }

  #listen(socket: LaneSocket): void {
    this.#socket = socket;
    socket.start({
      onText: (bytes, start, end) => {
        const text = socket.decode(bytes, start, end);
        if (text !== undefined) this.hear(text);
      },
      onPong: () => {
        this.#pongsMissed = 0;
      },
      onClose: (closing) => this.#end(this.#closeCode(closing), false),
    });
    if (this.#listener !== undefined) this.#connect(socket, this.#listener);
    this.#pingLater(socket);
  }

  #connect(socket: LaneSocket, listener: LegListener): void {
    if (this.#over) return;
    socket.deliverTo(listener.messages);
    listener.connected(socket);
  }

  #sessionCreated(sessionId: string, expiresAtMs: number | null): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#offDeadline?.();
    if (this.#asked.length > 0) this.#deadline(CONFIGURE_MS, "configure_timeout");
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#send(event);
    this.#tell({ type: "model.opened", sessionId, expiresAt: expiresAtMs === null ? null : this.#machineTime(expiresAtMs) });
  }

  #sessionUpdated(session: unknown): void {
    const [asked] = this.#asked;
    if (asked === undefined) return;
    const problems = echoMismatch(asked, session);
    if (problems.length > 0) {
      this.#tell({ type: "model.errored", code: "session_echo", message: problems.join("; "), requestId: asked.event_id });
      this.#end("session_echo", false);
      return;
    }
    this.#settle(asked);
    this.#configured = asked;
    this.#tell({ type: "model.configured" });
  }

  #errored(event: Extract<ServerEvent, { type: "error" }>): void {
    this.#lastError = event.code;
    const news = toModelNews(event);
    if (news !== null) this.#tell(news);
    const refused = this.#asked.find((asked) => asked.event_id === event.clientEventId);
    const firstUpdateRefused = refused !== undefined && this.#configured === undefined;
    // A later one: the session is what it was.
    if (refused !== undefined) this.#settle(refused);
    // A refused first update is a mistake of ours, and every other leg would be refused alike.
    if (isFatalModelError(event.code) || firstUpdateRefused) this.#end(event.code, true);
  }

  #ask(update: SessionUpdate | SessionChange): void {
    this.#asked.push(update);
    if (this.#asked.length > MOST_ASKED) return this.#end("configure_timeout", false);
    if (this.#opened) this.#deadline(CONFIGURE_MS, "configure_timeout");
    this.#send(update);
  }

  /** This one is answered; whatever else was asked has its time from now. */
  #settle(answered: SessionUpdate | SessionChange): void {
    this.#asked = this.#asked.filter((asked) => asked !== answered);
    this.#offDeadline?.();
    if (this.#asked.length > 0) this.#deadline(CONFIGURE_MS, "configure_timeout");
  }

  /** The wall-clock moment on the machine's clock. */
  #machineTime(wallMs: number): number {
    return this.#clock.now() + (wallMs - this.#clock.wall());
  }

  #setAside(responseId: string): void {
    this.#aside.add(responseId);
    const [oldest] = this.#aside;
    if (this.#aside.size > MOST_ASIDE && oldest !== undefined) this.#aside.delete(oldest);
  }

  #send(event: ClientEvent): void {
    if (this.#over) return;
    if (this.#opened) this.#socket?.sendText(JSON.stringify(event));
    else this.#waiting.push(event);
  }

  #tell(news: ModelNews): void {
    if (this.#over) return;
    if (this.#listener === undefined) this.#unheard.push(news);
    else this.#listener.news(news);
  }

  #pingLater(socket: LaneSocket): void {
    this.#offPing = this.#clock.arm(this.#clock.now() + PING_MS, () => {
      if (this.#pongsMissed >= MISSED_PONGS) {
        this.#end("ping_timeout", false);
        return;
      }
      this.#pongsMissed += 1;
      socket.ping();
      this.#pingLater(socket);
    });
  }

  #deadline(withinMs: number, code: string): void {
    this.#offDeadline?.();
    this.#offDeadline = this.#clock.arm(this.#clock.now() + withinMs, () => this.#end(code, false));
  }

  /** What the vendor said last explains its close better than the close's number does. */
  #closeCode({ code }: Closing): string {
    return this.#lastError === "session_expired" ? this.#lastError : `ws_${code}`;
  }

  /** The leg is gone: says so once, and lets go of everything. */
  #end(code: string, fatal: boolean): void {
    if (this.#over) return;
    this.#tell({ type: "model.closed", code, fatal });
    this.#stop();
    this.#connecting.abort();
    if (this.#socket?.isOpen) this.#socket.close();
  }

  #stop(): void {
    this.#over = true;
    this.#socket?.deliverTo(NOBODY);
    this.#waiting = [];
    this.#offDeadline?.();
    this.#offPing?.();
  }
}

function saysTheSame(one: SessionUpdate | SessionChange, other: SessionUpdate): boolean {
  return JSON.stringify(one.session) === JSON.stringify(other.session);
}

/** HTTP refusals come as faults (wire/handshake.ts); their codes are named as the vendor's list of error codes names them. */
function refusalCode(code: FaultCode): string {
  switch (code) {
    case "unauthenticated":
      return "http_401";
    case "permission_denied":
      return "http_403";
    case "not_found":
      return "http_404";
    case "resource_exhausted":
      return "http_429";
    default:
      return "connect_failed";
  }
}
