/**
 * The time between an upgrade and its `start`: nobody has proved anything yet, so there is no patience. The socket says `connected`, then
 * a `start` that names call, account and token, all within a few seconds and without a mistake; or it is closed.
 *
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { type Clock, Fault } from "@struere/kernel";
import { parseTwilioMessage, type TwilioMessage } from "@struere/protocol/twilio";
import type { DoorLimits } from "../admission.ts";
import { CLOSE, type LaneSocket } from "../wire/index.ts";

export type StartMessage = Extract<TwilioMessage, { type: "start" }>;

/** What a valid `start` said. */
export interface Start {
  readonly streamSid: string;
  readonly callSid: string;
  readonly accountSid: string;
  /** From the TwiML's `<Parameter name="token">`. */
  readonly token: string;
}

/** `gone`: the peer closed by itself. The rest is why it was closed by us. */
export type ThresholdEnd =
  | "gone"
  | "protocol_error"
  | "no_start_in_time"
  | "start_before_connected"
  | "message_before_start"
  | "start_not_understood"
  | "not_json"
  | "not_a_twilio_message"
  | "no_token"
  | "too_many_messages";

export interface ThresholdOptions {
  readonly socket: LaneSocket;
  readonly clock: Clock;
  readonly limits: DoorLimits;
  /** The socket's handlers are to be replaced within this call. */
  readonly started: (start: Start) => void;
  /** Instead of `started`; the socket is closed or closing, with `code` when it was us. */
  readonly ended: (end: ThresholdEnd, code: number) => void;
}

const MOST_MESSAGES = 20;

/** Reads from `socket` until it has started or ended; calls one of the two, once. */
export function awaitStart({ socket, clock, limits, started, ended }: ThresholdOptions): void {
  let connected = false;
  let over = false;
  let messages = 0;
  const off = clock.arm(clock.now() + limits.startWithinMs, () => refuse("no_start_in_time"));

  function end(): boolean {
    const was = over;
    over = true;
    off();
    return !was;
  }

  function refuse(why: ThresholdEnd, code: number = CLOSE.policyViolation): void {
    if (!end()) return;
    socket.close(code, why);
    ended(why, code);
  }

  function take(message: TwilioMessage): void {
    switch (message.type) {
      case "connected":
        connected = true;
        return;
      case "start": {
        const token = message.customParameters["token"];
        if (!connected) return refuse("start_before_connected");
        if (token === undefined || token === "") return refuse("no_token");
        if (end()) started({ streamSid: message.streamSid, callSid: message.callSid, accountSid: message.accountSid, token });
        return;
      }
      case "media":
      case "mark":
      case "dtmf":
      case "stop":
        return refuse("message_before_start");
      case "unknown":
        return;
      default:
        message satisfies never;
    }
  }

  socket.start({
    onText(bytes, start, end) {
      if (over) return;
      messages += 1;
      if (messages > MOST_MESSAGES) return refuse("too_many_messages");
      const text = socket.decode(bytes, start, end);
      if (text === undefined) return;
      try {
        take(parseTwilioMessage(text));
      } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code !== "invalid_argument") throw thrown;
        if (fault.cause instanceof SyntaxError) refuse("not_json", CLOSE.invalidData);
        else refuse(text.includes('"start"') ? "start_not_understood" : "not_a_twilio_message");
      }
    },
    onClose({ code, clean }) {
      if (end()) ended(clean || code === CLOSE.abnormal ? "gone" : "protocol_error", code);
    },
  });
}
