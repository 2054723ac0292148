/** What one audit is about: the report that the auditor is given, and the authority that its tools act under. */
import { auditReport, NOTES_CHARS_MAX, receiptForAuditor } from "@struere/domain";
import { type Clock, Fault } from "@struere/kernel";
import { agentActor, type AuditLease, type Db, entityStore, type JsonObject, type Scope } from "@struere/store";
import { showEntity } from "../tools/entity-tools.ts";
import type { AuditInHand } from "../text/tool-runner.ts";

export interface Reading {
  readonly scope: Scope;
  readonly report: string;
  /** In prompts `threadContext.params.*`: the call's, and what it is to fill. */
  readonly params: JsonObject;
  readonly audit: AuditInHand;
  /** How many injections were asked for. */
  injected(): number;
}

/** @param roles of the auditor. */
export async function readingOf(
  db: Db,
  clock: Clock,
  lease: AuditLease,
  { roles }: { readonly roles: readonly string[] },
): Promise<Reading> {
  const { call, audit, read, thread, utterances, injections } = lease;
  const scope: Scope = { organizationId: call.organization_id, environment: call.environment };
  const entity = thread.entity_type && thread.entity_id ? { type: thread.entity_type, id: thread.entity_id } : null;
  const callerNumber = call.direction === "inbound" ? call.from_number : call.to_number;
  const report = auditReport({
    call: {
      status: audit.after_call ? "over" : "active",
      direction: call.direction,
      callerNumber,
      agent: thread.current_agent ?? call.agent_slug,
    },
    utterances: utterances.map(({ agent_slug: agent, ...heard }) => ({ ...heard, agent })),
    read,
    entity: entity && (await entityAsSeen(db, clock, { scope, entity, roles, callerNumber })),
    metadata: thread.metadata,
    injections: injections.map((injection) => {
      const { outcome, reason } = receiptForAuditor(injection);
      return { action: injection.action, message: injection.message, field: injection.field, status: outcome ?? "waiting", reason };
    }),
    notes: lease.notes.slice(-NOTES_CHARS_MAX),
  });
  let asked = 0;
  return {
    scope,
    report,
    params: paramsOf(thread),
    audit: {
      auditId: audit.id,
      callId: call.id,
      epoch: call.epoch,
      basedOn: Math.max(0, ...utterances.flatMap(({ epoch, position }) => (epoch === call.epoch ? [position] : []))),
      callerWords: utterances.flatMap(({ speaker, text }) => (speaker === "caller" && text !== "" ? [text] : [])),
      entity,
      nextInjection: () => ++asked,
    },
    injected: () => asked,
  };
}

function paramsOf({ channel_params, entity_type, entity_id, metadata }: AuditLease["thread"]): JsonObject {
  return {
    ...channel_params,
    ...(entity_type === null ? {} : { entityType: entity_type }),
    ...(entity_id === null ? {} : { entityId: entity_id }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

/** With the auditor's own rights. An entity that it may not see is none of its business; it is told so. */
async function entityAsSeen(
  db: Db,
  clock: Clock,
  asked: {
    readonly scope: Scope;
    readonly entity: { readonly type: string; readonly id: string };
    readonly roles: readonly string[];
    readonly callerNumber: string;
  },
): Promise<JsonObject> {
  const { scope, entity, roles, callerNumber } = asked;
  try {
    const actor = await agentActor(db, scope, { roles, attributes: { callerNumber } });
    return showEntity(await entityStore(db, { now: () => new Date(clock.wall()) }).get(actor, entity));
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code !== "not_found" && fault.code !== "permission_denied") throw thrown;
    return { ...entity, error: fault.sentence };
  }
}
