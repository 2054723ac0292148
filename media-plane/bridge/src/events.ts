/** One helper for each thing that somebody who runs a media node wants to know: it counts, and says it in the log. */
import type { CallId, Fault } from "@struere/kernel";
import type { CallOutcome, PublishedBody } from "@struere/call";
import type { RecordedKind } from "@struere/protocol/bus";
import type { Log } from "@struere/runtime";
import type { Refusal } from "./admission.ts";
import type { OutboxReport } from "./bus/outbox.ts";
import type { RecordingOf } from "./recording/uploads.ts";
import type { Ending } from "./control/endings.ts";
import type { Meters } from "./meters.ts";

export type UpgradeRefusal = Refusal | "wrong_path" | "wrong_method" | "too_many_headers" | "no_signature" | "wrong_signature";
export type Events = ReturnType<typeof createEvents>;

/** @param log without the call; `forCall` gives one that has it */
export function createEvents({ log, meters }: { readonly log: Log; readonly meters: Meters }) {
  return {
    upgradeRefused(reason: UpgradeRefusal): void {
      meters.refusals.inc({ reason });
      log.debug({ reason }, "upgrade refused");
    },
    /** This node closed a telephony socket: the peer broke a rule. */
    socketClosed(reason: string, code: number): void {
      meters.brokenSockets.inc({ reason });
      log.info({ reason, code }, "telephony socket closed by us");
    },
    /** Whoever it was did not want a call. */
    leftBeforeStart(): void {
      meters.ignoredMessages.inc({ reason: "left_before_start" });
    },
    messageIgnored(reason: string): void {
      meters.ignoredMessages.inc({ reason });
    },
    claimed(call: { readonly callId: CallId; readonly epoch: number; readonly agent: string }, tookMs: number): void {
      meters.claimSeconds.observe(tookMs / 1_000);
      log.info({ ...call, tookMs: Math.round(tookMs) }, "call claimed");
    },
    claimRefused(callSid: string, fault: Fault): void {
      meters.controlTrouble.inc({ request: "claim_call", code: fault.code });
      log.warn({ callSid, code: fault.code, why: fault.sentence }, "call not claimed");
    },
    callEnded(
      call: { readonly callId: CallId | null; readonly epoch: number | null },
      outcome: CallOutcome,
      reason: string,
      durationMs: number,
    ): void {
      meters.callsEnded.inc({ outcome });
      log.info({ ...call, outcome, reason, durationMs: Math.round(durationMs) }, "call ended");
    },
    /** A mistake of ours; the call ends, the others do not notice. */
    brokeInside(callId: CallId | null, thrown: unknown, doing: string): void {
      meters.internalErrors.inc();
      log.error({ callId, err: thrown, doing }, "a call broke inside");
    },
    modelFailed(callId: CallId | null, code: string, message: string): void {
      meters.modelErrors.inc({ code });
      log.warn({ callId, code, message }, "the model vendor reports an error");
    },
    warmLeg(
      fate: "opened" | "taken" | "unclaimed" | "failed" | "unlike" | "refused_full" | "dismissed" | "not_understood",
      callId?: CallId,
    ): void {
      meters.warm.inc({ fate });
      log.debug({ fate, callId }, "warm model leg");
    },
    injectionNotUnderstood(callId: CallId): void {
      meters.injections.inc({ outcome: "not_understood" });
      log.warn({ callId }, "an injection was not understood");
    },
    injectionDone(callId: CallId, injectionId: string, outcome: string, reason: string | null): void {
      meters.injections.inc({ outcome });
      log.info({ callId, injectionId, outcome, reason }, "injection done with");
    },
    outboxTrouble(kind: OutboxReport, fault: Fault): void {
      meters.busTrouble.inc({ kind });
      // The bus being away is told once a try; what stops a record for good is told aloud.
      const level = kind === "publish_failed" ? "debug" : "error";
      log[level]({ kind, code: fault.code, why: fault.sentence }, "the record is not on its way");
    },
    spoolAdopted(calls: number): void {
      log.info({ calls }, "publishing what an earlier process left behind");
    },
    leaseTrouble(fault: Fault): void {
      meters.controlTrouble.inc({ request: "renew_lease", code: fault.code });
    },
    leaseLost(callId: CallId, epoch: number): void {
      meters.controlTrouble.inc({ request: "renew_lease", code: "lost" });
      log.warn({ callId, epoch }, "another node holds the call now");
    },
    presenceTrouble(fault: Fault): void {
      meters.controlTrouble.inc({ request: "heartbeat", code: fault.code });
      log.debug({ code: fault.code, why: fault.sentence }, "not heard by the control plane");
    },
    endingTrouble(name: "delayed" | "refused" | "given_up", fault: Fault, { callId, epoch, reason }: Ending): void {
      meters.controlTrouble.inc({ request: "end_call", code: fault.code });
      log.warn({ callId, epoch, reason, code: fault.code, why: fault.sentence }, `end of call ${name.replace("_", " ")}`);
    },
    /** It is silence in the recording. */
    recordingPartLost({ callId, epoch }: RecordingOf, part: number, fault: Fault): void {
      meters.controlTrouble.inc({ request: "append_recording", code: fault.code });
      log.warn({ callId, epoch, part, code: fault.code, why: fault.sentence }, "part of a recording given up");
    },
    toolFailed(callId: CallId, name: string, fault: Fault): void {
      meters.controlTrouble.inc({ request: "run_tool", code: fault.code });
      log.warn({ callId, tool: name, code: fault.code }, "tool not run");
    },
    routed(callId: CallId, mode: "first" | "background", tookMs: number): void {
      meters.routeSeconds.observe({ mode }, tookMs / 1_000);
      log.debug({ callId, mode, tookMs: Math.round(tookMs) }, "router answered");
    },
    /** Whoever has the call keeps it. */
    routingFailed(callId: CallId, fault: Fault): void {
      meters.controlTrouble.inc({ request: "route_utterance", code: fault.code });
      log.warn({ callId, code: fault.code, why: fault.sentence }, "router did not answer");
    },
    drainStarted(calls: number): void {
      log.info({ calls }, "draining: no new calls");
    },
    drainForced(calls: number): void {
      log.warn({ calls }, "draining: time is up, hanging up");
    },
    drained(left: { readonly calls: number; readonly messages: number; readonly endings: number }): void {
      log.info(left, "drained");
    },
    noted(callId: CallId | null, name: string, value: number): void {
      meters.notes.inc({ name });
      log.debug({ callId, name, value }, "note");
    },
  };
}

/**
 * Latencies of one call, from what it publishes anyway: offsets are milliseconds since the stream's start
 * (`EventMessage` in shared/protocol/bus).
 */
export function createStopwatch(meters: Meters): (kind: RecordedKind, body: PublishedBody) => void {
  let silentAt: number | null = null;
  let heardAgent = false;
  return (kind, body) => {
    const { name, offsetMs } = body;
    if (kind !== "event" || typeof offsetMs !== "number") return;
    if (name === "agent.interrupted") meters.interruptions.inc();
    if (name === "caller.speaking") silentAt = null;
    if (name === "caller.silent") silentAt = offsetMs;
    if (name !== "agent.speaking") return;
    if (!heardAgent) meters.firstAudioSeconds.observe(offsetMs / 1_000);
    heardAgent = true;
    if (silentAt !== null) meters.responseSeconds.observe(Math.max(0, offsetMs - silentAt) / 1_000);
    silentAt = null;
  };
}
