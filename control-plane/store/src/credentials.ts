/** An environment's Twilio account. The auth token lies sealed and leaves only through `openCredentials`. */
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";
import { type KeyRing, open, seal } from "./secrets.ts";

const PURPOSE = "twilio_auth_token";

export interface TwilioCredentials {
  readonly accountSid: string;
  readonly authToken: string;
}

/** What may be shown of them. */
export interface CredentialsInfo {
  readonly accountSid: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When Twilio last accepted them. */
  readonly verifiedAt: Date | null;
}

export async function setCredentials(
  db: Db,
  ring: KeyRing,
  scope: Scope,
  credentials: TwilioCredentials & { readonly verified: boolean; readonly now: Date },
): Promise<CredentialsInfo> {
  const sealed = seal(ring, credentials.authToken, scope, PURPOSE);
  const changing = {
    account_sid: credentials.accountSid,
    auth_token: sealed.bytes,
    key_id: sealed.keyId,
    updated_at: credentials.now,
    verified_at: credentials.verified ? credentials.now : null,
  };
  const row = await db
    .insertInto("twilio_credentials")
    .values({ organization_id: scope.organizationId, environment: scope.environment, created_at: credentials.now, ...changing })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doUpdateSet(changing))
    .returning(["account_sid", "created_at", "updated_at", "verified_at"])
    .executeTakeFirstOrThrow();
  return { accountSid: row.account_sid, createdAt: row.created_at, updatedAt: row.updated_at, verifiedAt: row.verified_at };
}

export async function getCredentialsInfo(db: Db, scope: Scope): Promise<CredentialsInfo | undefined> {
  const row = await db
    .selectFrom("twilio_credentials")
    .select(["account_sid", "created_at", "updated_at", "verified_at"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  return row && { accountSid: row.account_sid, createdAt: row.created_at, updatedAt: row.updated_at, verifiedAt: row.verified_at };
}

/** For signatures and the REST client; the answer is never logged, listed or sent. */
export async function openCredentials(db: Db, ring: KeyRing, scope: Scope): Promise<TwilioCredentials | undefined> {
  const row = await db
    .selectFrom("twilio_credentials")
    .select(["account_sid", "auth_token", "key_id"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  if (!row) return undefined;
  return { accountSid: row.account_sid, authToken: open(ring, { bytes: row.auth_token, keyId: row.key_id }, scope, PURPOSE) };
}

/**
 * For Twilio's webhooks, which name the account before anybody knows whose it is. Several environments may share an account; the
 * signature decides which of their tokens is right. At most 20 of them are tried.
 */
export async function openCredentialsOfAccount(
  db: Db,
  ring: KeyRing,
  accountSid: string,
): Promise<readonly { readonly scope: Scope; readonly authToken: string }[]> {
  const rows = await db
    .selectFrom("twilio_credentials")
    .select(["organization_id", "environment", "auth_token", "key_id"])
    .where("account_sid", "=", accountSid)
    .orderBy("created_at")
    .limit(20)
    .execute();
  return rows.map((row) => {
    const scope = { organizationId: row.organization_id, environment: row.environment };
    return { scope, authToken: open(ring, { bytes: row.auth_token, keyId: row.key_id }, scope, PURPOSE) };
  });
}

export async function markCredentialsVerified(db: Db, scope: Scope, now: Date): Promise<void> {
  await db
    .updateTable("twilio_credentials")
    .set({ verified_at: now })
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .execute();
}

/** @returns whether there were any. */
export async function removeCredentials(db: Db, scope: Scope): Promise<boolean> {
  const result = await db
    .deleteFrom("twilio_credentials")
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Rotation: whatever was sealed with an older key of the ring is sealed again with the current one. @returns how many were. */
export async function resealCredentials(db: Db, ring: KeyRing): Promise<number> {
  const rows = await db
    .selectFrom("twilio_credentials")
    .select(["organization_id", "environment", "auth_token", "key_id"])
    .where("key_id", "<>", ring.current.id)
    .execute();
  let resealed = 0;
  for (const row of rows) {
    const scope = { organizationId: row.organization_id, environment: row.environment };
    const sealed = seal(ring, open(ring, { bytes: row.auth_token, keyId: row.key_id }, scope, PURPOSE), scope, PURPOSE);
    const result = await db
      .updateTable("twilio_credentials")
      .set({ auth_token: sealed.bytes, key_id: sealed.keyId })
      .where("organization_id", "=", row.organization_id)
      .where("environment", "=", row.environment)
      .where("auth_token", "=", row.auth_token)
      .executeTakeFirst();
    resealed += Number(result.numUpdatedRows);
  }
  return resealed;
}
