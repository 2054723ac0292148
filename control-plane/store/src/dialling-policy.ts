/** How many calls an environment may have, how fast it may dial, and where to: what its owner has set. */
import { type CallLimits, defaultLimits } from "@struere/domain";
import type { Db } from "./database.ts";
import type { DiallingPolicyTable } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface DiallingPolicy extends CallLimits {
  /** `null`: nothing was set, and the countries of the connected numbers count. */
  readonly countries: readonly string[] | null;
}

export async function getDiallingPolicy(db: Db, scope: Scope): Promise<DiallingPolicy> {
  const row = await db
    .selectFrom("dialling_policies")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  return { countries: row?.countries ?? null, ...limitsOf(scope, row) };
}

/** What is `null` goes back to the default; what is absent stays. */
export async function setDiallingPolicy(
  tx: Db,
  scope: Scope,
  change: { readonly [Name in keyof DiallingPolicy]?: DiallingPolicy[Name] | null },
  now: Date,
): Promise<DiallingPolicy> {
  const changed = {
    ...(change.countries === undefined ? {} : { countries: change.countries && [...change.countries] }),
    ...(change.maxConcurrent === undefined ? {} : { max_concurrent: change.maxConcurrent }),
    // A new pace begins now.
    ...(change.callsPerSecond === undefined ? {} : { calls_per_second: change.callsPerSecond, next_turn_at: now }),
    updated_at: now,
  };
  await write(tx, scope, changed, now);
  return await getDiallingPolicy(tx, scope);
}

/** Only under the lock of the books, under which turns are taken. */
export async function setNextTurnOfEnvironment(tx: Db, scope: Scope, nextTurnAt: Date, now: Date): Promise<void> {
  await write(tx, scope, { next_turn_at: nextTurnAt }, now);
}

async function write(
  tx: Db,
  { organizationId, environment }: Scope,
  changed: Partial<Omit<DiallingPolicyTable, "organization_id" | "environment">>,
  now: Date,
): Promise<void> {
  const fresh = { countries: null, max_concurrent: null, calls_per_second: null, next_turn_at: now, updated_at: now };
  await tx
    .insertInto("dialling_policies")
    .values({ organization_id: organizationId, environment, ...fresh, ...changed })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doUpdateSet(changed))
    .execute();
}

function limitsOf(
  { environment }: Scope,
  row: { readonly max_concurrent: number | null; readonly calls_per_second: number | null } | undefined,
): CallLimits {
  const { maxConcurrent, callsPerSecond } = defaultLimits(environment);
  return { maxConcurrent: row?.max_concurrent ?? maxConcurrent, callsPerSecond: row?.calls_per_second ?? callsPerSecond };
}
