/** What the record of a call means for its auditor: receipts that came with it, and words that are new in it. */
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { markInjectionTaken, settleInjection } from "./injections.ts";
import type { Injection, JsonObject } from "./schema.ts";

/** Words that nobody has audited are in the record up to this one. */
export interface Unaudited {
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly callId: CallId;
  readonly epoch: number;
  readonly delta: number;
}

const OUTCOMES = ["spoken", "superseded", "expired", "refused"] as const;

/** @returns the receipts that were written now. */
export async function recordReceipts(
  tx: Db,
  events: readonly {
    readonly callId: CallId;
    readonly name: string;
    readonly at: number;
    readonly offsetMs: number;
    readonly data: JsonObject;
  }[],
): Promise<readonly Injection[]> {
  const settled: Injection[] = [];
  for (const { callId, name, at, offsetMs, data } of events) {
    const { injectionId, reason, heardMs, outcome: said } = data;
    if (typeof injectionId !== "string") continue;
    if (name === "injection.taken") await markInjectionTaken(tx, { callId, injectionId, at: new Date(at) });
    const outcome = name === "injection.done" ? OUTCOMES.find((one) => one === said) : undefined;
    if (outcome === undefined) continue;
    const injection = await settleInjection(tx, {
      callId,
      injectionId,
      outcome,
      reason: typeof reason === "string" ? reason : null,
      heardMs: typeof heardMs === "number" && heardMs >= 0 ? Math.round(heardMs) : null,
      at: new Date(at),
      offsetMs,
    });
    if (injection) settled.push(injection);
  }
  return settled;
}

/** Of these calls, those that have an auditor, and words within the watermark that it has not read. */
export async function listUnaudited(
  tx: Db,
  stretches: readonly { readonly callId: CallId; readonly epoch: number }[],
): Promise<readonly Unaudited[]> {
  const { rows } = await sql<Unaudited>`
    select call.organization_id as "organizationId", call.environment, call.id as "callId", touched.epoch, max(utterance.delta)::int as delta
    from unnest(${stretches.map((one) => one.callId)}::text[], ${stretches.map((one) => one.epoch)}::int[]) as touched (call_id, epoch)
    join calls call on call.id = touched.call_id and call.config -> 'auditor' is not null
    join call_watermarks mark on mark.call_id = call.id and mark.epoch = touched.epoch
    left join call_audits audited on audited.call_id = call.id
    join utterances utterance on utterance.call_id = call.id and utterance.epoch = touched.epoch
      and utterance.seq <= mark.seq and utterance.text <> ''
      and (utterance.epoch, utterance.delta) > (coalesce(audited.audited_epoch, 0), coalesce(audited.audited_delta, 0))
    group by call.organization_id, call.environment, call.id, touched.epoch
    order by call.id, touched.epoch`.execute(tx);
  return rows;
}
