/** API keys. Only their SHA-256 is stored: 256 bits of randomness need no slow hash. */
import { createHash, randomBytes } from "node:crypto";
import { API_KEY_BYTES, formatApiKey, type Permission, parseApiKey } from "@struere/domain";
import { type ApiKeyId, type Environment, Fault, type OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { newId } from "./new-id.ts";
import type { Scope } from "./scope.ts";

/** What may be known about a key once it was made. */
export interface ApiKeyInfo {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly prefix: string;
  readonly environment: Environment;
  readonly permissions: readonly Permission[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Who is asking. */
export interface KeyHolder extends Scope {
  readonly keyId: ApiKeyId;
  readonly name: string;
  readonly permissions: readonly Permission[];
}

const INFO = ["id", "name", "prefix", "environment", "permissions", "created_at", "expires_at", "revoked_at", "last_used_at"] as const;

/** `last_used_at` is written at most this often: it is for people. */
const TOUCH_MS = 60_000;

export function newApiKey(environment: Environment): string {
  return formatApiKey(environment, randomBytes(API_KEY_BYTES));
}

/** @returns the key itself too: it is shown now and never again. */
export async function createKey(
  db: Db,
  scope: Scope,
  key: { readonly name: string; readonly permissions: readonly Permission[]; readonly expiresAt: Date | null; readonly now: Date },
): Promise<{ readonly plaintext: string; readonly info: ApiKeyInfo }> {
  const plaintext = newApiKey(scope.environment);
  return { plaintext, info: await insertKey(db, scope.organizationId, plaintext, key) };
}

/** The holder of a key that is valid at `now`. Everything else is `undefined`, without a word about why. */
export async function findKeyHolder(db: Db, plaintext: string, now: Date): Promise<KeyHolder | undefined> {
  const parsed = parseApiKey(plaintext);
  if (!parsed) return undefined;
  const row = await db
    .selectFrom("api_keys")
    .select(["id", "organization_id", "environment", "name", "permissions", "last_used_at"])
    .where("hash", "=", hashOf(plaintext))
    .where("environment", "=", parsed.environment)
    .where("revoked_at", "is", null)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
    .executeTakeFirst();
  if (!row) return undefined;
  if (!row.last_used_at || now.getTime() - row.last_used_at.getTime() > TOUCH_MS) {
    await db.updateTable("api_keys").set({ last_used_at: now }).where("id", "=", row.id).execute();
  }
  return {
    keyId: row.id,
    organizationId: row.organization_id,
    environment: row.environment,
    name: row.name,
    permissions: row.permissions,
  };
}

export async function listKeys(db: Db, scope: Scope): Promise<readonly ApiKeyInfo[]> {
  const rows = await db
    .selectFrom("api_keys")
    .select(INFO)
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(1_000)
    .execute();
  return rows.map(infoOf);
}

/** Idempotent: a key that was revoked before keeps the first date. `undefined`: this scope has no such key. */
export async function revokeKey(db: Db, scope: Scope, keyId: ApiKeyId, now: Date): Promise<ApiKeyInfo | undefined> {
  const row = await db
    .updateTable("api_keys")
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, ${now})` })
    .where("id", "=", keyId)
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .returning(INFO)
    .executeTakeFirst();
  return row && infoOf(row);
}

/**
 * The first organization and its first key, in an install that has none. Safe when several processes start with the same key; does
 * nothing when there is an organization already.
 */
export async function bootstrap(
  db: Db,
  first: { readonly apiKey: string; readonly organizationName: string; readonly now: Date },
): Promise<boolean> {
  const parsed = parseApiKey(first.apiKey);
  if (!parsed) throw new Fault("invalid_argument", "BOOTSTRAP_API_KEY is not an API key of the form sk_dev_…, sk_prod_… or sk_eval_…");
  return await inTransaction(db, async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('struere.bootstrap'))`.execute(tx);
    const existing = await tx.selectFrom("organizations").select("id").limit(1).executeTakeFirst();
    if (existing) return false;
    const organizationId = await createOrganization(tx, { name: first.organizationName, now: first.now });
    await insertKey(tx, organizationId, first.apiKey, { name: "bootstrap", permissions: ["*"], expiresAt: null, now: first.now });
    return true;
  });
}

export async function createOrganization(db: Db, organization: { readonly name: string; readonly now: Date }): Promise<OrganizationId> {
  const id = newId("org");
  await db.insertInto("organizations").values({ id, name: organization.name, created_at: organization.now }).execute();
  return id;
}

async function insertKey(
  db: Db,
  organizationId: OrganizationId,
  plaintext: string,
  key: { readonly name: string; readonly permissions: readonly Permission[]; readonly expiresAt: Date | null; readonly now: Date },
): Promise<ApiKeyInfo> {
  const parsed = parseApiKey(plaintext);
  if (!parsed) throw new Fault("invalid_argument", "this is not an API key");
  const row = await db
    .insertInto("api_keys")
    .values({
      id: newId("key"),
      organization_id: organizationId,
      environment: parsed.environment,
      name: key.name,
      prefix: parsed.prefix,
      hash: hashOf(plaintext),
      permissions: [...key.permissions],
      created_at: key.now,
      expires_at: key.expiresAt,
      revoked_at: null,
      last_used_at: null,
    })
    .returning(INFO)
    .executeTakeFirstOrThrow();
  return infoOf(row);
}

function hashOf(plaintext: string): Buffer {
  return createHash("sha256").update(plaintext).digest();
}

function infoOf(row: {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly prefix: string;
  readonly environment: Environment;
  readonly permissions: readonly Permission[];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
}): ApiKeyInfo {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    environment: row.environment,
    permissions: row.permissions,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
