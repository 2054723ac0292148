/**
 * One media stream of Twilio that has started: its messages become the machine's events, its audio takes the lanes
 * (https://www.twilio.com/docs/voice/media-streams/websocket-messages).
 */
import { type CallEvent, markName } from "@struere/call";
import { type Clock, Fault } from "@struere/kernel";
import { parseTwilioMessage, type TwilioMessage } from "@struere/protocol/twilio";
import { AgentLane, CallerLane, type ItemProgress, type SpokenWords } from "../lane/index.ts";
import type { LaneCounts } from "../meters.ts";
import { CLOSE, type LaneSocket, NOBODY } from "../wire/index.ts";

/** What the leg has to say: the machine's events without the time. */
export type TelephonyNews = WithoutTime<Extract<CallEvent, { readonly type: `telephony.${string}` }>>;
type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

export interface TwilioLegOptions {
  readonly socket: LaneSocket;
  readonly streamSid: string;
  readonly clock: Clock;
  /** Messages that can not be understood; one more closes the socket. */
  readonly mostMalformed: number;
  news(news: TelephonyNews): void;
  /** A mark came back. `ends`: with it an item has been played to its end. */
  marked(name: string, ends: boolean): void;
  /** What came from the model's socket and is not audio. */
  modelMessage(text: string): void;
  /** A piece of the transcript of the agent's speech. */
  modelWords(words: SpokenWords): void;
  audioStarted(responseId: string, itemId: string): void;
  /** The first audio of an item is on its way to the caller. */
  sounding(progress: ItemProgress): void;
  overflowed(responseId: string): void;
  /** A message that was not acted on, or that ended the stream (`code`); for counters and the log. */
  report(reason: string, code?: number): void;
}

const BYTES_PER_FRAME = 160;

export class TwilioLeg {
  /** Caller → model. */
  readonly caller: CallerLane;
  /** Model → caller. */
  readonly agent: AgentLane;
  readonly #socket: LaneSocket;
  readonly #options: TwilioLegOptions;
  #malformed = 0;
  #over = false;

  constructor(options: TwilioLegOptions) {
    const { socket, clock, streamSid } = options;
    this.#socket = socket;
    this.#options = options;
    this.caller = new CallerLane({
      telephony: socket,
      clock,
      onMark: (name) => this.#marked(name),
      onMessage: (text) => this.#hear(text),
      onFlood: () => this.#refuse("flood", CLOSE.policyViolation),
    });
    this.agent = new AgentLane({
      telephony: socket,
      clock,
      markName,
      onMessage: (text) => options.modelMessage(text),
      onWords: (words) => options.modelWords(words),
      onAudioStarted: (responseId, itemId) => options.audioStarted(responseId, itemId),
      onSounding: (progress) => options.sounding(progress),
      onOverflow: (responseId) => options.overflowed(responseId),
    });
    this.caller.begin(streamSid);
    this.agent.begin(streamSid);
  }

  /** From now on the socket's messages come here. */
  start(): void {
    this.#socket.start({
      // The lane takes them, from below.
      onText: () => undefined,
      onClose: ({ code, clean }) => {
        if (!clean && code !== CLOSE.abnormal) this.#options.report(`closed_${code}`, code);
        this.#end(clean || code === CLOSE.abnormal ? "closed" : "protocol_error");
      },
      // Audio for somebody who does not read is worth nothing; everything else the machine's deadlines find out.
      onOverflow: () => this.#options.report("caller_reads_too_slowly"),
    });
    this.#socket.deliverTo(this.caller);
  }

  get counts(): LaneCounts {
    const { caller, agent } = this;
    return {
      framesIn: caller.framesIn,
      framesOut: Math.floor(agent.audioBytesOut / BYTES_PER_FRAME),
      framesDropped: caller.framesDropped + caller.framesRefused + agent.deltasDropped,
    };
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  #hear(text: string): void {
    if (this.#over) return;
    const message = this.#parse(text);
    if (message === undefined) return;
    if ("streamSid" in message && message.type !== "start" && message.streamSid !== this.#options.streamSid) {
      this.#options.report("other_stream");
      return;
    }
    switch (message.type) {
      case "mark":
        return this.#marked(message.name);
      case "dtmf":
        return this.#options.news({ type: "telephony.keyed", digit: message.digit });
      case "stop":
        return this.#end("stop");
      case "start":
        return this.#refuse("second_start", CLOSE.policyViolation);
      case "connected":
      case "media":
        return;
      case "unknown":
        return this.#options.report("unknown_event");
      default:
        message satisfies never;
    }
  }

  #marked(name: string): void {
    if (this.#over) return;
    const news = this.agent.marked(name);
    // Twilio sends back what was cleared, too.
    if (news === "unknown") this.#options.report("stale_mark");
    else this.#options.marked(name, news === "item_ended");
  }

  #parse(text: string): TwilioMessage | undefined {
    try {
      return parseTwilioMessage(text);
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (fault.code !== "invalid_argument") throw thrown;
      this.#malformed += 1;
      if (this.#malformed > this.#options.mostMalformed) this.#refuse("malformed", CLOSE.invalidData);
      else this.#options.report("malformed");
      return undefined;
    }
  }

  #refuse(reason: string, code: number): void {
    this.#socket.close(code, reason);
    this.#options.report(reason, code);
    this.#end("protocol_error");
  }

  #end(cause: "stop" | "closed" | "protocol_error"): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.deliverTo(NOBODY);
    this.#options.news({ type: "telephony.stopped", cause });
  }
}
