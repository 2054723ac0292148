/** One function per business event of a worker: a counter, and a line where somebody should look. */
import type { CallId, Fault } from "@struere/kernel";
import type { Log, Metrics } from "@struere/runtime";

export interface AuditorEvents {
  /** `outcome`: of the answer, in lower case, or the code of the fault. */
  asked(outcome: string, tookMs: number): void;
  /** The control plane did not answer, or refused. */
  askFailed(callId: CallId, fault: Fault): void;
  skipped(callId: CallId): void;
  /** Given back for lack of room: another worker, or this one in a moment. */
  givenBack(): void;
  notUnderstood(subject: string): void;
  load(load: { readonly running: number; readonly waiting: number }): void;
}

const BUCKETS = [0.01, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 90];

export function auditorEvents({ log, metrics }: { readonly log: Log; readonly metrics: Metrics }): AuditorEvents {
  const asked = metrics.counter("asked_total", "Wake-ups that the control plane answered, by what it answered", ["outcome"]);
  const took = metrics.histogram("ask_seconds", "From asking for an audit to the answer", ["outcome"], BUCKETS);
  const skipped = metrics.counter("skipped_total", "Wake-ups that found no place in time");
  const givenBack = metrics.counter("given_back_total", "Wake-ups that were given back for lack of room");
  const foreign = metrics.counter("not_understood_total", "Messages that are no wake-ups");
  const running = metrics.gauge("running", "Audits that this worker waits for");
  const waiting = metrics.gauge("waiting", "Wake-ups that wait for a place");
  return {
    asked(outcome, tookMs) {
      asked.inc({ outcome });
      took.observe({ outcome }, tookMs / 1_000);
    },
    askFailed(callId, fault) {
      log.warn({ callId, code: fault.code, reason: fault.sentence }, "an audit could not be asked for; it is asked for again");
    },
    skipped(callId) {
      skipped.inc();
      log.warn({ callId }, "an audit was skipped: there was no place for it in time; more workers would help");
    },
    givenBack() {
      givenBack.inc();
    },
    notUnderstood(subject) {
      foreign.inc();
      log.error({ subject }, "a message is no wake-up; it is discarded");
    },
    load(load) {
      running.set(load.running);
      waiting.set(load.waiting);
    },
  };
}
