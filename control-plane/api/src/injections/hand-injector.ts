/**
 * People and services put words into running calls, with a key that may. What they may have said is checked as an auditor's words are, it goes
 * the same way, and it has one receipt too; a line in the audit log says whose key it was.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Bus } from "@struere/bus";
import { checkInjection, INJECTIONS_PER_CALL, INJECTIONS_PER_MINUTE } from "@struere/domain";
import { type CallId, type Clock, Fault } from "@struere/kernel";
import { type Db, type Injection, type InjectProblem, type KeyHolder, writeAudit } from "@struere/store";
import { type RateLimiter, rateLimiter, type RateLimits } from "../http/rate-limit.ts";
import { awaitReceipt } from "./await-receipt.ts";
import type { InjectionAsked } from "./inject-input.ts";
import { injector } from "./injector.ts";

export interface HandInjector {
  /**
   * The injection as it stands: with its receipt, if that came within `waitMs`.
   * @throws RateLimited; Fault invalid_argument, not_found, failed_precondition (the call does not run), resource_exhausted (too many in this
   * call), already_exists (the idempotency key stands for other words).
   */
  inject(holder: KeyHolder, callId: CallId, asked: InjectionAsked, signal?: AbortSignal): Promise<Injection>;
}

export interface HandInjectorOptions {
  readonly bus: Bus;
  readonly db: Db;
  readonly clock: Clock;
  readonly limits?: RateLimits;
}

/** Of requests, over all calls. */
export const INJECT_LIMITS: RateLimits = { key: { perMinute: 60, burst: 20 }, organization: { perMinute: 200, burst: 60 } };

export function handInjector(options: HandInjectorOptions): HandInjector {
  const { bus, db, clock } = options;
  const limiter: RateLimiter = rateLimiter({ clock, limits: options.limits ?? INJECT_LIMITS });
  const sender = injector({ bus, db, clock });
  return {
    async inject(holder, callId, asked, signal) {
      limiter.take(holder);
      const checked = checkInjection(asked);
      if (!checked.ok) throw new Fault("invalid_argument", checked.problem);
      const words = checked.value;
      const { organizationId, environment, keyId } = holder;
      const scope = { organizationId, environment };
      const source = { source: asked.source, author: keyId, auditId: null, basedOn: null };
      const opened = await sender.inject(
        scope,
        { ...words, ...source, callId, injectionId: idOf(callId, keyId, asked) },
        async (tx, injection) => {
          const detail = { injectionId: injection.id, action: injection.action, source: injection.source };
          await writeAudit(tx, { ...scope, at: injection.created_at, actor: keyId, action: "calls.inject", subject: callId, detail });
        },
      );
      if (!opened.ok) throw refusal(opened.problem, callId, environment);
      const { injection } = opened.value;
      if (injection.action !== words.action || injection.message !== words.message) {
        const sentence = `the idempotency key was used for other words in this call (${injection.action}); use a new key for new words`;
        throw new Fault("already_exists", sentence);
      }
      return await awaitReceipt({ bus, db, clock }, scope, injection, { withinMs: asked.waitMs, signal });
    },
  };
}

/** The same key of the same API key in the same call: the same injection. Without one each request is a new one. */
function idOf(callId: CallId, keyId: string, { idempotencyKey }: InjectionAsked): string {
  if (idempotencyKey === undefined) return `${callId}.by.${randomUUID()}`;
  return `${callId}.by.${createHash("sha256").update(`${keyId}\n${idempotencyKey}`).digest("hex").slice(0, 40)}`;
}

function refusal(problem: InjectProblem, callId: CallId, environment: string): Fault {
  switch (problem) {
    case "call_not_found":
      return new Fault("not_found", `there is no call ${callId} in ${environment}`);
    case "call_not_active":
      return new Fault("failed_precondition", `the call ${callId} does not run: nobody would hear it, and nothing was said`);
    case "too_many_for_a_minute":
      return new Fault("resource_exhausted", `at most ${INJECTIONS_PER_MINUTE} injections in a minute; the caller must be able to follow`);
    case "too_many_for_a_call":
      return new Fault("resource_exhausted", `at most ${INJECTIONS_PER_CALL} injections in a call; nothing more is said in this one`);
    default:
      return problem satisfies never;
  }
}
