/**
 * The one place where it is decided whether a call may begin. Whoever wants to place one asks here, in the transaction that writes the call
 * down: the environment's row is locked meanwhile, so that a burst is counted call by call.
 */
import { admission, type Admission, type CallLimits, defaultLimits } from "@struere/domain";
import { countLiveCalls } from "./calls.ts";
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";

/** Takes a turn to dial, or says why there is none. The lock is held until the transaction ends. */
export async function admitCall(tx: Db, scope: Scope, now: Date): Promise<Admission> {
  const policy = await lockPolicy(tx, scope, now);
  const decided = admission({
    limits: limitsOf(scope, policy),
    liveCalls: await countLiveCalls(tx, scope),
    nextTurnAt: policy.next_turn_at.getTime(),
    now: now.getTime(),
  });
  if (decided.admitted)
    await inScope(tx, scope)
      .set({ next_turn_at: new Date(decided.nextTurnAt) })
      .execute();
  return decided;
}

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
  await lockPolicy(tx, scope, now);
  await inScope(tx, scope)
    .set({
      ...(change.countries === undefined ? {} : { countries: change.countries && [...change.countries] }),
      ...(change.maxConcurrent === undefined ? {} : { max_concurrent: change.maxConcurrent }),
      // A new pace begins now.
      ...(change.callsPerSecond === undefined ? {} : { calls_per_second: change.callsPerSecond, next_turn_at: now }),
      updated_at: now,
    })
    .execute();
  return await getDiallingPolicy(tx, scope);
}

async function lockPolicy(tx: Db, { organizationId, environment }: Scope, now: Date) {
  await tx
    .insertInto("dialling_policies")
    .values({
      organization_id: organizationId,
      environment,
      countries: null,
      max_concurrent: null,
      calls_per_second: null,
      next_turn_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doNothing())
    .execute();
  return await tx
    .selectFrom("dialling_policies")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("environment", "=", environment)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

function limitsOf(
  { environment }: Scope,
  row: { readonly max_concurrent: number | null; readonly calls_per_second: number | null } | undefined,
): CallLimits {
  const { maxConcurrent, callsPerSecond } = defaultLimits(environment);
  return { maxConcurrent: row?.max_concurrent ?? maxConcurrent, callsPerSecond: row?.calls_per_second ?? callsPerSecond };
}

function inScope(tx: Db, { organizationId, environment }: Scope) {
  return tx.updateTable("dialling_policies").where("organization_id", "=", organizationId).where("environment", "=", environment);
}
