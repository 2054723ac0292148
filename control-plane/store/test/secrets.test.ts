import { randomBytes } from "node:crypto";
import { mintId } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import { createKeyRing, open, seal, type Scope } from "../src/index.ts";

const scope: Scope = { organizationId: mintId("org", new Uint8Array(24).fill(1)), environment: "production" };
const key = (): string => randomBytes(32).toString("base64");
const PURPOSE = "twilio_auth_token";

describe("a sealed secret", () => {
  const ring = createKeyRing(key());

  test("opens where it was sealed for", () => {
    expect(open(ring, seal(ring, "the token", scope, PURPOSE), scope, PURPOSE)).toBe("the token");
  });

  test("does not open in another environment or organization", () => {
    const sealed = seal(ring, "the token", scope, PURPOSE);
    expect(() => open(ring, sealed, { ...scope, environment: "development" }, PURPOSE)).toThrow(/does not open/);
    const other = mintId("org", new Uint8Array(24).fill(2));
    expect(() => open(ring, sealed, { ...scope, organizationId: other }, PURPOSE)).toThrow(/does not open/);
  });

  test("does not open with any bit changed, or cut short", () => {
    const sealed = seal(ring, "the token", scope, PURPOSE);
    for (let index = 0; index < sealed.bytes.length; index++) {
      const bytes = Buffer.from(sealed.bytes);
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      expect(() => open(ring, { ...sealed, bytes }, scope, PURPOSE)).toThrow(/does not open/);
    }
    expect(() => open(ring, { ...sealed, bytes: sealed.bytes.subarray(0, 20) }, scope, PURPOSE)).toThrow(/shorter/);
  });

  test("is another one each time", () => {
    expect(seal(ring, "x", scope, PURPOSE).bytes.equals(seal(ring, "x", scope, PURPOSE).bytes)).toBe(false);
  });
});

describe("a ring of keys", () => {
  test("seals with the first and opens with each, so that keys can be rotated", () => {
    const [former, next] = [key(), key()];
    const sealed = seal(createKeyRing(former), "the token", scope, PURPOSE);
    const ring = createKeyRing(`${next}, ${former}`);
    expect(open(ring, sealed, scope, PURPOSE)).toBe("the token");
    expect(seal(ring, "x", scope, PURPOSE).keyId).not.toBe(sealed.keyId);
    expect(() => open(createKeyRing(next), sealed, scope, PURPOSE)).toThrow(
      `encryption key ${sealed.keyId}, which is not in ENCRYPTION_KEY`,
    );
  });

  test("takes base64 and hex alike, and nothing that is not 32 bytes", () => {
    const bytes = randomBytes(32);
    expect(createKeyRing(bytes.toString("hex")).current.id).toBe(createKeyRing(bytes.toString("base64")).current.id);
    for (const bad of ["", "short", randomBytes(31).toString("base64"), randomBytes(33).toString("hex")]) {
      expect(() => createKeyRing(bad)).toThrow(/32 bytes/);
    }
  });
});
