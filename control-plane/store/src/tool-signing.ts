/** The secret that signs requests to an owner's server: one for each organization and environment, made when it is first needed. */
import { randomBytes } from "node:crypto";
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";
import { type KeyRing, open, seal } from "./secrets.ts";

const PURPOSE = "tool_signing_secret";
const SECRET_BYTES = 32;

/** @returns `whsec_…`; for signing, and for whoever may see it. Never logged. */
export async function openToolSigningSecret(db: Db, ring: KeyRing, scope: Scope, now: Date): Promise<string> {
  return (await find(db, ring, scope)) ?? (await make(db, ring, scope, now));
}

async function make(db: Db, ring: KeyRing, scope: Scope, now: Date): Promise<string> {
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  const sealed = seal(ring, secret, scope, PURPOSE);
  const inserted = await db
    .insertInto("tool_signing_secrets")
    .values({
      organization_id: scope.organizationId,
      environment: scope.environment,
      secret: sealed.bytes,
      key_id: sealed.keyId,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doNothing())
    .returning("key_id")
    .executeTakeFirst();
  // Somebody else has made one in this moment.
  return inserted ? secret : ((await find(db, ring, scope)) ?? secret);
}

async function find(db: Db, ring: KeyRing, scope: Scope): Promise<string | undefined> {
  const row = await db
    .selectFrom("tool_signing_secrets")
    .select(["secret", "key_id"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  return row && open(ring, { bytes: row.secret, keyId: row.key_id }, scope, PURPOSE);
}
