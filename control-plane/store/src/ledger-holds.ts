/** Holds over time: kept while their call lives, expired when it does not. What else becomes of them is an entry (ledger.ts). */
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { postEntries } from "./ledger.ts";
import type { Scope } from "./scope.ts";

/**
 * Keeps open holds until `expiresAt`, as `renewHold` of the domain says; moves no money, and so does not wait for the books.
 * @returns the holds that are not open: the credit of these calls must be reserved again.
 */
export async function renewHolds(
  db: Db,
  renewal: { readonly callIds: readonly CallId[]; readonly expiresAt: Date },
): Promise<readonly CallId[]> {
  if (renewal.callIds.length === 0) return [];
  const { rows } = await sql<{ id: CallId }>`
    with open as (
      select organization_id, environment, id from credit_holds
      where id = any(${[...renewal.callIds]}::text[]) and state = 'open'
      order by id for no key update
    )
    update credit_holds hold set expires_at = greatest(hold.expires_at, ${renewal.expiresAt})
    from open
    where (hold.organization_id, hold.environment, hold.id) = (open.organization_id, open.environment, open.id)
    returning hold.id`.execute(db);
  const kept = new Set(rows.map((row) => row.id));
  return renewal.callIds.filter((id) => !kept.has(id));
}

/** Gives back what holds still reserve that nobody has renewed. Safe in every process. @returns how many expired. */
export async function expireHolds(db: Db, now: Date, limit = 500): Promise<number> {
  const overdue = await db
    .selectFrom("credit_holds")
    .select(["organization_id", "environment", "id"])
    .where("state", "=", "open")
    .where("expires_at", "<=", now)
    .orderBy("expires_at")
    .limit(limit)
    .execute();
  let expired = 0;
  for (const [scope, ids] of byScope(overdue)) {
    const entries = ids.map((holdId) => ({ actor: "sweep", entry: { kind: "expire", holdId, at: now.getTime() } as const }));
    const answers = await postEntries(db, scope, entries, now);
    expired += answers.filter((answer) => answer.ok && answer.value.transaction).length;
  }
  return expired;
}

function byScope(
  rows: readonly { readonly organization_id: Scope["organizationId"]; readonly environment: Scope["environment"]; readonly id: string }[],
) {
  const scopes = new Map<string, readonly [Scope, string[]]>();
  for (const { organization_id: organizationId, environment, id } of rows) {
    const name = `${organizationId} ${environment}`;
    const known = scopes.get(name);
    if (known) known[1].push(id);
    else scopes.set(name, [{ organizationId, environment }, [id]]);
  }
  return scopes.values();
}
