/** A running call that an auditor reads, in a group of its router's trial. */
import type { AuditorGroup } from "@struere/domain";
import type { CallId } from "@struere/kernel";
import type { Call, Db, Scope } from "@struere/store";
import type { AuditInHand } from "../../src/text/tool-runner.ts";
import { aClaimedCall, NOW } from "../fixture.ts";

export async function anAuditedCall(db: Db, scope: Scope, group: AuditorGroup): Promise<Call> {
  const call = await aClaimedCall(db, scope);
  return await db
    .updateTable("calls")
    .set({ auditor_sample: 0.5, auditor_group: group })
    .where("id", "=", call.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

let audits = 0;

/** @param callerWords what the caller has said. */
export async function anAudit(db: Db, scope: Scope, callId: CallId, callerWords: readonly string[] = []): Promise<AuditInHand> {
  const place = ++audits;
  const auditId = `${callId}.1.${place}-${place}`;
  await db
    .insertInto("audits")
    .values({
      id: auditId,
      organization_id: scope.organizationId,
      environment: scope.environment,
      call_id: callId,
      thread_id: null,
      agent_slug: "form-auditor",
      agent_version: 1,
      from_epoch: 1,
      from_delta: place - 1,
      to_epoch: 1,
      to_delta: place,
      status: "running",
      reason: null,
      after_call: false,
      spoken_at: NOW,
      started_at: NOW,
      ended_at: null,
    })
    .execute();
  let injections = 0;
  return { auditId, callId, epoch: 1, basedOn: place, callerWords, entity: null, nextInjection: () => ++injections };
}
