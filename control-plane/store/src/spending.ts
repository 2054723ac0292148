/**
 * Whether there is credit, and room under the environment's caps, as the books stand: one question, without a lock. Enough to turn a
 * call away; what begins is admitted under the lock (admission.ts, text-credit.ts).
 */
import { type Allowance, spendRefusal, type SpendRefusal } from "@struere/domain";
import { type ApiKeyId, Fault, type Micros } from "@struere/kernel";
import { type Selectable, sql } from "kysely";
import { stateOfText } from "./allowances.ts";
import { nameOf } from "./call-credit.ts";
import type { Db } from "./database.ts";
import { balancesOf, booksOf } from "./ledger.ts";
import type { AllowanceTable, LedgerTable, TextRow } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** What an environment may spend, as its books stand. */
export interface Room {
  readonly currency: string;
  readonly creditLimit: Micros | null;
  readonly available: Micros;
  readonly allowance: Allowance;
  /** Whether anything limits its calls: then they begin under the lock of the books. */
  readonly limitsCalls: boolean;
  /** Whether anything limits what it, or the key, spends: then credit is reserved. */
  readonly limitsSpending: boolean;
}

/** @param keyId whose caps count, too. */
export async function readRoom(db: Db, scope: Scope, keyId: ApiKeyId | null = null): Promise<Room> {
  const { organizationId, environment } = scope;
  const { rows } = await sql<{
    ledger: TextRow<Selectable<LedgerTable>> | null;
    allowance: TextRow<Selectable<AllowanceTable>> | null;
    at_a_time: boolean;
    key_is_capped: boolean;
  }>`
    select
      (select as_text(kept) from ledgers kept where organization_id = ${organizationId} and environment = ${environment}) as ledger,
      (select as_text(kept) from allowances kept
        where organization_id = ${organizationId} and environment = ${environment} and subject = '') as allowance,
      exists (
        select from dialling_policies where organization_id = ${organizationId} and environment = ${environment} and max_concurrent is not null
      ) as at_a_time,
      exists (
        select from allowances where organization_id = ${organizationId} and environment = ${environment} and subject = ${keyId}
          and coalesce(hour_cap_micros, day_cap_micros, month_cap_micros) is not null
      ) as key_is_capped`.execute(db);
  const [row] = rows;
  if (!row) throw new Fault("internal", "the books were read and there is nothing");
  const { currency, creditLimit, balances } = row.ledger ? booksOf({ ledger: row.ledger, posted: [], holds: [] }) : balancesOf(undefined);
  const { caps, spent, maxConcurrent, callsPerNumber } = stateOfText(null, row.allowance ?? undefined);
  const spend = [creditLimit, ...Object.values(caps)].some((limit) => limit !== null);
  return {
    currency,
    creditLimit,
    available: balances.available,
    allowance: { of: nameOf(scope, null), caps, spent, held: balances.held },
    limitsCalls: spend || row.at_a_time || maxConcurrent !== null || callsPerNumber !== null,
    limitsSpending: spend || row.key_is_capped,
  };
}

export interface Wanted {
  readonly what: "a call" | "an answer";
  readonly wanted: Micros;
  readonly now: Date;
}

/** @returns undefined: there is room, or nothing is limited. */
export function refusalFor({ currency, creditLimit, available, allowance }: Room, { what, wanted, now }: Wanted): SpendRefusal | undefined {
  return spendRefusal({ currency, creditLimit, available, allowances: [allowance], wanted, now: now.getTime() }, what);
}
