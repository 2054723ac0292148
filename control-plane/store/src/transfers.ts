/** The leg to a person that a call was transferred to: written down before Twilio is asked for it, since it is billed like any other. */
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { CallTransfer } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Of two requests of one call, the later one counts: by it Twilio was redirected last. */
export async function recordTransfer(
  db: Db,
  scope: Scope,
  transfer: { readonly callId: CallId; readonly toNumber: string; readonly now: Date },
): Promise<void> {
  const asked = { to_number: transfer.toNumber, asked_at: transfer.now };
  await db
    .insertInto("call_transfers")
    .values({
      call_id: transfer.callId,
      organization_id: scope.organizationId,
      environment: scope.environment,
      ...asked,
      leg_call_sid: null,
      leg_duration_s: null,
      billed_at: null,
      billing_problem: null,
    })
    .onConflict((conflict) => conflict.column("call_id").doUpdateSet(asked).where("call_transfers.leg_duration_s", "is", null))
    .execute();
}

/** Twilio refused it: there is no such leg. */
export async function dropTransfer(db: Db, callId: CallId): Promise<void> {
  await db
    .deleteFrom("call_transfers")
    .where("call_id", "=", callId)
    .where("leg_call_sid", "is", null)
    .where("billed_at", "is", null)
    .execute();
}

/** What Twilio says of the leg once it is over. The same again changes nothing. */
export async function recordTransferEnd(
  db: Db,
  leg: { readonly callId: CallId; readonly callSid: string | null; readonly durationS: number },
): Promise<void> {
  await db
    .updateTable("call_transfers")
    .set({ leg_call_sid: leg.callSid, leg_duration_s: leg.durationS })
    .where("call_id", "=", leg.callId)
    .where("leg_duration_s", "is", null)
    .execute();
}

export type UnbilledTransfer = Pick<CallTransfer, "call_id" | "to_number" | "asked_at" | "leg_duration_s"> & {
  readonly organization_id: OrganizationId;
  readonly environment: Environment;
  readonly rate_card_version: string;
  /** When the call itself was over, as the carrier said; `null`: it did not say. */
  readonly carrier_ended_at: Date | null;
};

/** As soon as Twilio has said how long the leg was, or once it should have. */
export async function listUnbilledTransfers(
  db: Db,
  options: { readonly endedBefore: Date; readonly limit: number },
): Promise<readonly UnbilledTransfer[]> {
  const { rows } = await sql<UnbilledTransfer>`
    select transfer.call_id, transfer.organization_id, transfer.environment, transfer.to_number, transfer.asked_at, transfer.leg_duration_s,
      call.rate_card_version, call.carrier_ended_at
    from call_transfers transfer join calls call on call.id = transfer.call_id
    where transfer.billed_at is null and transfer.billing_problem is null and call.rate_card_version is not null
      and (transfer.leg_duration_s is not null or coalesce(call.carrier_ended_at, transfer.asked_at + interval '5 hours') < ${options.endedBefore})
    order by transfer.asked_at limit ${options.limit}`.execute(db);
  return rows;
}

export async function markTransfers(
  db: Db,
  mark: { readonly callIds: readonly CallId[]; readonly now: Date; readonly problem?: string },
): Promise<void> {
  if (mark.callIds.length === 0) return;
  await db
    .updateTable("call_transfers")
    .set({ billed_at: mark.problem === undefined ? mark.now : null, billing_problem: mark.problem ?? null })
    .where("call_id", "in", mark.callIds)
    .where("billed_at", "is", null)
    .execute();
}
