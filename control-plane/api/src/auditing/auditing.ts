/**
 * Auditing: lets a call's auditor read. Workers ask, any number of them and as often as they like; the store decides who reads what and when.
 * An audit that has begun is finished whether or not the worker still waits; when this process dies, its lease ends, and the next one who
 * asks takes the same words up again, with what was done already before its eyes.
 */
import { AUDIT_RENEW_MS, AUDIT_RULES, AUDIT_RULES_OVER, isOver, retryAuditAfter } from "@struere/domain";
import { type CallId, type Clock, Fault } from "@struere/kernel";
import { type Log, pause } from "@struere/runtime";
import {
  type AuditEnd,
  type AuditLease,
  beginAudit,
  type Db,
  endAudit,
  type JsonObject,
  openAuditThread,
  renewAudit,
  type Scope,
  skipAudit,
} from "@struere/store";
import type { ControlEvents } from "../events.ts";
import type { ChatAnswer, TextAgents } from "../text/text-agents.ts";
import { keptWakeUps } from "./kept-wake-ups.ts";
import { type Reading, readingOf } from "./reading.ts";

export interface AuditAnswer {
  readonly outcome: "done" | "nothing_new" | "later" | "failed";
  /** 0: nothing is to be asked again. */
  readonly retryAfterMs: number;
  readonly auditId: string;
  readonly threadId: string;
  readonly reason: string;
  readonly injections: number;
}

export interface AuditAsked {
  readonly callId: CallId;
  readonly workerId: string;
  /** Names the wake-up among those of its call. */
  readonly wakeUp: string;
}

export interface Auditing {
  /** @throws Fault not_found, resource_exhausted. */
  runAudit(asked: AuditAsked): Promise<AuditAnswer>;
  skipAudit(skip: { readonly callId: CallId; readonly workerId: string; readonly reason: string }): Promise<AuditAnswer>;
  /** Lets running audits end. */
  close(): Promise<void>;
}

export interface AuditingOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ControlEvents;
  readonly text: TextAgents;
}

/** Running at one time, in one process: each mostly waits for a model. */
export const AUDITS_MAX = 512;
/** Then they are broken off, and taken up by another process. */
const CLOSE_WITHIN_MS = 3_000;
/** Whoever audits next takes the turn at any rate; this is for people who write in the auditor's thread. */
const TURN_MS = 90_000;
/** A worker whose question failed asks again after a second. */
const FAILED_MS = 1_000;
/** An audit that can not be run now, and whose call is over: it is looked for again soon. */
const SOON_MS = 2_000;

export function auditing(options: AuditingOptions): Auditing {
  const { db, clock, log, events, text } = options;
  const now = (): Date => new Date(clock.wall());
  const running = new Set<Promise<unknown>>();
  const wakeUps = keptWakeUps(clock);
  const stopping = new AbortController();

  async function audit(lease: AuditLease): Promise<AuditAnswer> {
    const { call, audit: row } = lease;
    const startedAt = clock.now();
    const renewal = keepLease(options, lease);
    let ended: Awaited<ReturnType<typeof endAudit>>;
    let end: AuditEnd;
    let reading: Reading | undefined;
    let threadId = "";
    try {
      try {
        const scope: Scope = { organizationId: call.organization_id, environment: call.environment };
        const agent = await text.auditor(scope, lease.auditor);
        reading = await readingOf(db, clock, lease, agent);
        const turn = await openAuditThread(db, lease, {
          agent,
          params: reading.params,
          report: reading.report,
          now: now(),
          expiresAt: new Date(clock.wall() + TURN_MS),
        });
        threadId = turn.thread.id;
        const answer = await text.audit({
          scope,
          agent,
          turn,
          rules: row.after_call ? `${AUDIT_RULES}\n${AUDIT_RULES_OVER}` : AUDIT_RULES,
          report: reading.report,
          audit: reading.audit,
          keyId: call.api_key_id,
          attempt: row.attempts,
          signal: AbortSignal.any([renewal.lost, stopping.signal]),
        });
        end = { outcome: "done", reason: null, ...resultOf(answer), now: now() };
      } catch (thrown) {
        const fault = Fault.from(thrown);
        log.warn({ callId: call.id, auditId: row.id, code: fault.code, reason: fault.sentence }, "an audit failed");
        if (fault.code === "internal") log.error({ err: thrown, auditId: row.id }, "an audit failed that should not");
        end = { outcome: "failed", reason: fault.code, notes: "", usage: [], toolCalls: [], now: now() };
      }
      ended = await endAudit(db, lease, end);
    } finally {
      renewal.stop();
    }
    const { held, attempts, again } = ended;
    const injections = reading?.injected() ?? 0;
    events.auditEnded({
      callId: call.id,
      auditId: row.id,
      outcome: held ? end.outcome : "lost",
      reason: end.reason,
      injections,
      waitedMs: row.started_at.getTime() - row.spoken_at.getTime(),
      tookMs: clock.now() - startedAt,
    });
    const interval = isOver(call.status) ? SOON_MS : lease.auditor.pollIntervalMs;
    const retryAfterMs = !again ? 0 : end.outcome === "failed" ? retryAuditAfter(attempts, interval) : interval;
    return { outcome: end.outcome, retryAfterMs, auditId: row.id, threadId, reason: end.reason ?? "", injections };
  }

  async function ask({ callId, workerId }: AuditAsked): Promise<AuditAnswer> {
    if (running.size >= AUDITS_MAX)
      throw new Fault("resource_exhausted", `this control plane runs ${AUDITS_MAX} audits already; ask again in a moment`);
    const begun = await beginAudit(db, { callId, now: now() });
    switch (begun.kind) {
      case "not_found":
        throw new Fault("not_found", "there is no such call");
      case "not_audited":
        return quiet("nothing_new", 0, "not_audited");
      case "nothing":
        return quiet("nothing_new", 0);
      case "later":
        return quiet("later", begun.retryAfterMs, begun.reason);
      case "run": {
        const { audit: row } = begun.lease;
        events.auditStarted({ callId, auditId: row.id, workerId, attempt: row.attempts });
        const work = audit(begun.lease);
        running.add(work);
        return await work.finally(() => running.delete(work));
      }
      default:
        return begun satisfies never;
    }
  }

  return {
    async runAudit(asked) {
      const { callId, wakeUp } = asked;
      if (!wakeUps.asks(callId, wakeUp)) return quiet("nothing_new", 0, "another_asks");
      try {
        const answer = await ask(asked);
        return { ...answer, retryAfterMs: wakeUps.answered(callId, wakeUp, answer.retryAfterMs) };
      } catch (thrown) {
        wakeUps.answered(callId, wakeUp, FAILED_MS);
        throw thrown;
      }
    },

    async skipAudit({ callId, workerId, reason }) {
      const skip = await skipAudit(db, { callId, reason, now: now() });
      switch (skip) {
        case "over":
          return quiet("later", SOON_MS, "call_over");
        case "served":
          return quiet("later", SOON_MS, "served");
        case "not_audited":
          return quiet("nothing_new", 0, "not_audited");
        case "skipped":
          wakeUps.dropped(callId);
          events.auditSkipped({ callId, workerId, reason });
          return quiet("nothing_new", 0, reason);
        default:
          return skip satisfies never;
      }
    },

    async close() {
      const all = Promise.allSettled([...running]);
      const waiting = new AbortController();
      await Promise.race([all, pause(clock, CLOSE_WITHIN_MS, waiting.signal)]);
      // The timer would keep the process.
      waiting.abort();
      stopping.abort(new Fault("aborted", "the control plane stops; another one takes the audit up"));
      await all;
    },
  };
}

function quiet(outcome: AuditAnswer["outcome"], retryAfterMs: number, reason = ""): AuditAnswer {
  return { outcome, retryAfterMs, auditId: "", threadId: "", reason, injections: 0 };
}

function resultOf({ message, executionMeta }: ChatAnswer): Pick<AuditEnd, "notes" | "usage" | "toolCalls"> {
  const usage = executionMeta.models.map((one): JsonObject => ({ ...one }));
  const toolCalls = executionMeta.toolCallSummary.map((one): JsonObject => ({ ...one }));
  return { notes: message, usage, toolCalls };
}

/** Says every few seconds that the audit runs. `lost` fires when somebody else may have it. */
function keepLease({ db, clock, log }: AuditingOptions, lease: AuditLease): { readonly lost: AbortSignal; stop(): void } {
  const lost = new AbortController();
  let off = (): void => undefined;
  let stopped = false;
  const renew = async (): Promise<void> => {
    try {
      const held = await renewAudit(db, { callId: lease.call.id, token: lease.token, now: new Date(clock.wall()) });
      if (!held) return lost.abort(new Fault("aborted", "another process has taken the audit over"));
    } catch (error) {
      log.warn({ err: error, auditId: lease.audit.id }, "the lease of an audit could not be renewed; it is tried again");
    }
    if (!stopped) arm();
  };
  const arm = (): void => {
    off = clock.arm(clock.now() + AUDIT_RENEW_MS, () => void renew());
  };
  arm();
  return {
    lost: lost.signal,
    stop() {
      stopped = true;
      off();
    },
  };
}
