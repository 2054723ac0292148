/** What is reserved for calls: written as holds, and counted against caps. */
import { type Allowance, HOLD_EXPIRES_MS, isCapped } from "@struere/domain";
import { type ApiKeyId, type CallId, type Micros, micros, NO_MONEY } from "@struere/kernel";
import { sql } from "kysely";
import type { AllowanceState } from "./allowances.ts";
import type { Db } from "./database.ts";
import type { EntryToPost } from "./ledger.ts";
import type { Scope } from "./scope.ts";

export function holdOf({ callId, now }: { readonly callId: CallId; readonly now: Date }, key: string, amount: Micros): EntryToPost {
  return {
    entry: { kind: "hold", key, holdId: callId, amount, expiresAt: now.getTime() + HOLD_EXPIRES_MS },
    actor: "credit",
    callId,
  };
}

/** With what is reserved for the calls of each. */
export async function allowancesOf(tx: Db, scope: Scope, states: readonly AllowanceState[], held: Micros): Promise<readonly Allowance[]> {
  const allowances: Allowance[] = [];
  for (const { keyId, caps, spent } of states) {
    const reserved = keyId === null ? held : isCapped({ caps }) ? await heldOf(tx, scope, keyId) : NO_MONEY;
    allowances.push({ of: nameOf(scope, keyId), caps, spent, held: reserved });
  }
  return allowances;
}

async function heldOf(tx: Db, scope: Scope, keyId: ApiKeyId): Promise<Micros> {
  const { rows } = await sql<{ held: number | bigint }>`
    select coalesce(sum(hold.remaining_micros), 0)::bigint as held from credit_holds hold
    left join calls call on call.id = hold.id
    where hold.organization_id = ${scope.organizationId} and hold.environment = ${scope.environment} and hold.state = 'open'
      and coalesce(hold.api_key_id, call.api_key_id) = ${keyId}`.execute(tx);
  return micros(rows[0]?.held ?? 0);
}

export const nameOf = ({ environment }: Scope, keyId: ApiKeyId | null): string => (keyId === null ? environment : `key ${keyId}`);
