/**
 * Secrets at rest: AES-256-GCM with a 16-byte tag, bound to the place where they lie (organization, environment, purpose), so that a
 * sealed value copied into another row does not open. A ring of keys: the first seals, each opens what it sealed.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { Fault } from "@struere/kernel";
import type { Scope } from "./scope.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface KeyRing {
  readonly current: SealingKey;
  readonly byId: ReadonlyMap<string, SealingKey>;
}

interface SealingKey {
  readonly id: string;
  readonly bytes: Buffer;
}

export interface Sealed {
  /** nonce ‖ tag ‖ ciphertext */
  readonly bytes: Buffer;
  readonly keyId: string;
}

export type SecretPurpose = "twilio_auth_token" | "tool_signing_secret";

/**
 * @param text one key, or several with commas between: the first seals, the others only open. Each 32 bytes, as base64 or hex.
 * To rotate: put a new key in front, run `resealCredentials`, take the old one away.
 */
export function createKeyRing(text: string): KeyRing {
  const keys = text.split(",").map((part) => readKey(part.trim()));
  const [current] = keys;
  if (!current) throw new Fault("invalid_argument", "there is no encryption key");
  return { current, byId: new Map(keys.map((key) => [key.id, key])) };
}

export function seal(ring: KeyRing, plaintext: string, scope: Scope, purpose: SecretPurpose): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, ring.current.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(place(scope, purpose));
  const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
  return { bytes: Buffer.concat([nonce, cipher.getAuthTag(), body]), keyId: ring.current.id };
}

export function open(ring: KeyRing, sealed: Sealed, scope: Scope, purpose: SecretPurpose): string {
  const key = ring.byId.get(sealed.keyId);
  if (!key) {
    throw new Fault(
      "failed_precondition",
      `a secret was sealed with encryption key ${sealed.keyId}, which is not in ENCRYPTION_KEY (it has ${[...ring.byId.keys()].join(", ")})`,
    );
  }
  const bytes = sealed.bytes;
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Fault("internal", "a sealed secret is shorter than its frame");
  const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(place(scope, purpose));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new Fault("internal", "a sealed secret does not open: it was changed, or lies where it was not sealed for", { cause });
  }
}

function place(scope: Scope, purpose: SecretPurpose): Buffer {
  return Buffer.from(`${scope.organizationId}|${scope.environment}|${purpose}`, "utf8");
}

function readKey(text: string): SealingKey {
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
  if (bytes.length !== KEY_BYTES) {
    throw new Fault("invalid_argument", "an encryption key is 32 bytes as base64 or hex; `openssl rand -base64 32` makes one");
  }
  return { bytes, id: createHash("sha256").update(bytes).digest("hex").slice(0, 8) };
}
