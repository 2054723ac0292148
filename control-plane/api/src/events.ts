/** One function per business event of the control plane: a counter with few labels, and a log line without numbers or words of callers. */
import type { CallId, FaultCode } from "@struere/kernel";
import type { Log, Metrics } from "@struere/runtime";

export interface ControlEvents {
  callOffered(call: { readonly callId: CallId; readonly repeated: boolean }): void;
  callRefused(call: { readonly callId: CallId | null; readonly reason: string; readonly detail: string }): void;
  callClaimed(call: { readonly callId: CallId; readonly epoch: number; readonly nodeId: string }): void;
  callEnded(call: { readonly callId: CallId; readonly outcome: string; readonly reason: string }): void;
  /** It has to come to its end: its node hears so with the answer to the lease. */
  callAdvised(call: { readonly callId: CallId; readonly action: string; readonly reason: string }): void;
  /** Twilio was asked to place it, with this outcome: taken, refused, not_taken, unclear. */
  twilioAsked(call: { readonly callId: CallId; readonly outcome: string }): void;
  callPlaced(call: { readonly callId: CallId }): void;
  placementRefused(placement: { readonly reason: string }): void;
  /** A leg of a placed call that is not the one which claimed it. */
  strayLeg(call: { readonly callId: CallId; readonly seenBy: "status" | "answer" }): void;
  legDropped(call: { readonly callId: CallId; readonly problem: string | null }): void;
  machineAnswered(call: { readonly callId: CallId; readonly answeredBy: string; readonly step: string }): void;
  swept(what: { readonly kind: "threads" | "tool_runs" | "nodes"; readonly ids: readonly string[] }): void;
  callsSwept(calls: readonly { readonly id: CallId; readonly reason: string | null }[]): void;
  webhookRefused(webhook: { readonly path: string; readonly reason: string }): void;
  webhookAnswered(webhook: { readonly path: string; readonly tookMs: number }): void;
  webhookFailed(webhook: { readonly path: string; readonly code: FaultCode; readonly error: unknown }): void;
  streamReported(stream: { readonly event: string; readonly error: string | null }): void;
  auditStarted(audit: { readonly callId: CallId; readonly auditId: string; readonly workerId: string; readonly attempt: number }): void;
  auditEnded(audit: {
    readonly callId: CallId;
    readonly auditId: string;
    /** `lost`: another process has taken it over. */
    readonly outcome: "done" | "failed" | "lost";
    readonly reason: string | null;
    readonly injections: number;
    /** From the newest words to its start. */
    readonly waitedMs: number;
    readonly tookMs: number;
  }): void;
  auditSkipped(audit: { readonly callId: CallId; readonly workerId: string; readonly reason: string }): void;
  rpcFailed(rpc: { readonly method: string; readonly code: FaultCode; readonly error: unknown }): void;
}

/** Seconds. */
const ANSWER_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const AUDIT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function controlEvents({ log, metrics }: { readonly log: Log; readonly metrics: Metrics }): ControlEvents {
  const offered = metrics.counter("calls_offered_total", "Calls that Twilio announced and that were offered to a media node");
  const answered = metrics.histogram("webhook_answer_seconds", "From Twilio's webhook to our answer", ["path"], ANSWER_BUCKETS);
  const refused = metrics.counter("calls_refused_total", "Calls that nobody could answer", ["reason"]);
  const claimed = metrics.counter("calls_claimed_total", "Calls that a media node took");
  const ended = metrics.counter("calls_ended_total", "Calls that ended", ["outcome"]);
  const advised = metrics.counter("calls_advised_total", "Running calls that were told to come to their end", ["action", "reason"]);
  const swept = metrics.counter("calls_swept_total", "Calls that were overdue and ended by the sweep");
  const asked = metrics.counter("twilio_calls_asked_total", "Times that Twilio was asked to place a call", ["outcome"]);
  const placed = metrics.counter("calls_placed_total", "Calls that Twilio has taken");
  const notPlaced = metrics.counter("calls_not_placed_total", "Calls that were asked for and refused", ["reason"]);
  const strays = metrics.counter("stray_legs_total", "Legs of placed calls that were not the first");
  const dropped = metrics.counter("legs_dropped_total", "Legs that were hung up at Twilio, or could not be", ["outcome"]);
  const answeredBy = metrics.counter("calls_answered_by_total", "Placed calls by who answered, as far as it was asked", ["answered_by"]);
  const sweptRows = metrics.counter("rows_swept_total", "Threads, runs of tools and nodes that the sweep put right", ["kind"]);
  const webhooksRefused = metrics.counter("webhooks_refused_total", "Webhooks that were not Twilio's, or not readable", ["path"]);
  const webhooksFailed = metrics.counter("webhooks_failed_total", "Webhooks that could not be handled", ["path", "code"]);
  const streams = metrics.counter("streams_reported_total", "What Twilio said about media streams", ["event"]);
  const rpcs = metrics.counter("rpc_failures_total", "gRPC requests that failed", ["method", "code"]);
  const audits = metrics.counter("audits_total", "Audits of calls", ["outcome"]);
  const waited = metrics.histogram("audit_wait_seconds", "From the newest words of a call to the start of their audit", [], AUDIT_BUCKETS);
  const took = metrics.histogram("audit_seconds", "From the start of an audit to its end", [], AUDIT_BUCKETS);
  /** The outside world's failures are a line; our own bring their stack. */
  const report = (code: FaultCode, fields: object, error: unknown, message: string): void => {
    if (code === "internal") log.error({ ...fields, err: error }, message);
    else log.warn({ ...fields, reason: error instanceof Error ? error.message : String(error) }, message);
  };
  return {
    callOffered({ callId, repeated }) {
      if (!repeated) offered.inc();
      log.info({ callId, repeated }, "call offered");
    },
    callRefused({ callId, reason, detail }) {
      refused.inc({ reason });
      log.warn({ callId, reason, detail }, "call refused");
    },
    callClaimed(call) {
      claimed.inc();
      log.info(call, "call claimed");
    },
    callEnded(call) {
      ended.inc({ outcome: call.outcome });
      log.info(call, "call ended");
    },
    callAdvised(call) {
      advised.inc({ action: call.action, reason: call.reason });
      log.info(call, "call advised");
    },
    twilioAsked(call) {
      asked.inc({ outcome: call.outcome });
      if (call.outcome !== "taken") log.warn(call, "Twilio did not simply take a call");
    },
    callPlaced(call) {
      placed.inc();
      log.info(call, "call placed");
    },
    placementRefused({ reason }) {
      notPlaced.inc({ reason });
      log.info({ reason }, "call not placed");
    },
    strayLeg(call) {
      strays.inc();
      log.warn(call, "a second leg of a placed call; it is hung up");
    },
    legDropped({ callId, problem }) {
      dropped.inc({ outcome: problem === null ? "ended" : "failed" });
      if (problem !== null) log.warn({ callId, problem }, "a leg could not be hung up at Twilio; it is told so when it is answered");
    },
    machineAnswered(call) {
      answeredBy.inc({ answered_by: call.answeredBy });
      log.info(call, "it is known who answered");
    },
    swept({ kind, ids }) {
      sweptRows.inc({ kind }, ids.length);
      for (const id of ids) log.warn({ kind, id }, "swept");
    },
    callsSwept(calls) {
      swept.inc(calls.length);
      for (const { id, reason } of calls) log.warn({ callId: id, reason }, "call swept");
    },
    webhookRefused({ path, reason }) {
      webhooksRefused.inc({ path });
      log.warn({ path, reason }, "webhook refused");
    },
    webhookAnswered({ path, tookMs }) {
      answered.observe({ path }, tookMs / 1_000);
    },
    webhookFailed({ path, code, error }) {
      webhooksFailed.inc({ path, code });
      report(code, { path, code }, error, "webhook failed");
    },
    streamReported({ event, error }) {
      streams.inc({ event });
      if (error !== null) log.warn({ event, error }, "stream error");
    },
    auditStarted(audit) {
      log.debug(audit, "audit started");
    },
    auditEnded({ waitedMs, tookMs, ...audit }) {
      audits.inc({ outcome: audit.outcome });
      waited.observe({}, Math.max(0, waitedMs) / 1_000);
      took.observe({}, tookMs / 1_000);
      log.info({ ...audit, tookMs: Math.round(tookMs) }, "audit ended");
    },
    auditSkipped(audit) {
      audits.inc({ outcome: "skipped" });
      log.warn(audit, "audit skipped");
    },
    rpcFailed({ method, code, error }) {
      rpcs.inc({ method, code });
      report(code, { method, code }, error, "gRPC request failed");
    },
  };
}
