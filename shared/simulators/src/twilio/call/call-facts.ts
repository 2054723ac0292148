/** What a call is made from and what is left of it. */
import type { Account } from "../account.ts";
import type { Alert } from "../alert.ts";
import type { Exchange } from "../exchange.ts";
import type { Method } from "../twiml/twiml.ts";
import type { CallStatus } from "./params.ts";
import type { CallEvent } from "./status-callbacks.ts";

export type Direction = "inbound" | "outbound-api" | "outbound-dial";

export type EndReason =
  | "caller-hung-up"
  | "twiml-hangup"
  /** The TwiML had no further verb. */
  | "twiml-finished"
  | "rest-completed"
  | "rest-canceled"
  | "rejected"
  | "busy"
  | "no-answer"
  | "failed"
  /** No TwiML could be had: the caller heard that an application error has occurred. */
  | "application-error"
  | "time-limit"
  | "simulator-closed";

export type CallEnding = {
  readonly reason: EndReason;
  readonly status: CallStatus;
  /** From answer to end; 0 when it was never answered. */
  readonly durationMs: number;
  readonly errors: readonly Alert[];
  /** What `<Say>` said. */
  readonly twimlSaid: readonly string[];
};

export type Callback = { readonly url: string; readonly method: Method };

export type CallOptions = {
  readonly exchange: Exchange;
  readonly account: Account;
  readonly from: string;
  readonly to: string;
  readonly direction: Direction;
  readonly status: CallStatus;
  readonly parentCallSid?: string;
  readonly fallback?: Callback | null;
  readonly statusCallback?: Callback | null;
  readonly statusEvents?: readonly CallEvent[];
  readonly timeLimitS?: number;
  /** Asynchronous answering machine detection: who is told. */
  readonly detection?: Callback | null;
};
