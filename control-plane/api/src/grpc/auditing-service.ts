/** Auditing on the wire: fields are read, answers put in the contract's words. */
import { Fault } from "@struere/kernel";
import {
  AuditOutcome,
  type RunAuditRequest__Output,
  type RunAuditResponse,
  type SkipAuditRequest__Output,
  type SkipAuditResponse,
} from "@struere/protocol/grpc";
import type { AuditAnswer, Auditing } from "../auditing/auditing.ts";
import { callIdOf, reasonOf } from "./fields.ts";

export interface AuditingService {
  runAudit(request: RunAuditRequest__Output): Promise<RunAuditResponse>;
  skipAudit(request: SkipAuditRequest__Output): Promise<SkipAuditResponse>;
}

const OUTCOMES = {
  done: AuditOutcome.AUDIT_OUTCOME_DONE,
  nothing_new: AuditOutcome.AUDIT_OUTCOME_NOTHING_NEW,
  later: AuditOutcome.AUDIT_OUTCOME_LATER,
  failed: AuditOutcome.AUDIT_OUTCOME_FAILED,
} as const satisfies { readonly [Outcome in AuditAnswer["outcome"]]: string };

export function auditingService(auditing: Auditing): AuditingService {
  return {
    async runAudit({ callId, workerId, epoch, delta }) {
      const asked = { callId: callIdOf(callId), workerId: workerIdOf(workerId), wakeUp: `${epoch}.${delta}` };
      const { outcome, ...answer } = await auditing.runAudit(asked);
      return { ...answer, outcome: OUTCOMES[outcome] };
    },
    async skipAudit({ callId, workerId, reason }) {
      const skip = { callId: callIdOf(callId), workerId: workerIdOf(workerId), reason: reasonOf(reason) };
      const { outcome, retryAfterMs } = await auditing.skipAudit(skip);
      return { outcome: OUTCOMES[outcome], retryAfterMs };
    },
  };
}

function workerIdOf(text: string): string {
  if (!/^[\w.-]{1,64}$/.test(text))
    throw new Fault("invalid_argument", "worker_id must be 1 to 64 letters, digits, dots, dashes or underscores");
  return text;
}
