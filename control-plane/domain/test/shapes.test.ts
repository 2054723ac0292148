import { Environment, mintId } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changeConnection,
  chooseTarget,
  formatApiKey,
  isExpired,
  maskPhoneNumber,
  mayCall,
  mayGrant,
  Permission,
  parseApiKey,
  parsePhoneNumber,
  parseStreamToken,
  signedTextOf,
} from "../src/index.ts";
import { agentId, routerId } from "./build.ts";

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("an API key", () => {
  test("says its environment and comes back from its text", () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...Environment), (random, environment) => {
        const key = formatApiKey(environment, random);
        expect(key).toMatch(/^sk_(dev|prod|eval)_[0-9a-z]{59}$/);
        const parsed = parseApiKey(key);
        expect(parsed?.environment).toBe(environment);
        expect(key.startsWith(parsed?.prefix ?? "-")).toBe(true);
      }),
    );
  });

  test("holds all of its 256 bits", () => {
    fc.assert(
      fc.property(secret, secret, (a, b) => {
        expect(formatApiKey("eval", a) === formatApiKey("eval", b)).toBe(Buffer.from(a).equals(Buffer.from(b)));
      }),
    );
  });

  test("with one wrong character is told from a real one", () => {
    const key = formatApiKey("development", new Uint8Array(32).fill(7));
    for (let index = 0; index < key.length; index++) {
      const wrong = key.slice(0, index) + (key[index] === "x" ? "y" : "x") + key.slice(index + 1);
      expect(parseApiKey(wrong)).toBeUndefined();
    }
    expect(parseApiKey(key.slice(0, -1))).toBeUndefined();
    expect(parseApiKey(key.replace("_dev_", "_prod_"))).toBeUndefined();
  });
});

describe("a stream token", () => {
  const callId = mintId("call", new Uint8Array(24).fill(9));
  const grant = { callId, epoch: 2, expiresAtSeconds: 1_800_000_000 };

  test("comes back from its text", () => {
    const signature = "A".repeat(43);
    expect(parseStreamToken(`${signedTextOf(grant)}.${signature}`)).toEqual({ ...grant, signedText: signedTextOf(grant), signature });
  });

  test.each([
    "",
    "call_1.1.1800000000.",
    `${callId}.0.1800000000.${"A".repeat(43)}`,
    `${callId}.1.1800000000.${"A".repeat(42)}`,
    `${callId}.01.1800000000.${"A".repeat(43)}`,
    `node_${callId.slice(5)}.1.1800000000.${"A".repeat(43)}`,
    `${callId}.1.1800000000.${"A".repeat(43)}.x`,
  ])("%j is none", (text) => {
    expect(parseStreamToken(text)).toBeUndefined();
  });

  test("expires, with a minute for clocks that disagree", () => {
    expect(isExpired(grant, 1_800_000_059_000)).toBe(false);
    expect(isExpired(grant, 1_800_000_061_000)).toBe(true);
  });
});

test("a phone number is E.164 to the letter", () => {
  for (const good of ["+14155550100", "+4930123456", "+15005550006"]) expect(parsePhoneNumber(good)).toBe(good);
  for (const bad of ["14155550100", "+0155550100", "+1 415 555 0100", "+141555", "+1234567890123456", "anonymous", "", "+1415555010x"]) {
    expect(parsePhoneNumber(bad)).toBeUndefined();
  }
});

test("a masked number keeps what tells numbers apart for their owner", () => {
  expect(maskPhoneNumber("+14155550100")).toBe("+1********00");
  expect(maskPhoneNumber("911")).toBe("***");
});

test("a connection moves between connected and disconnected until it is removed, which is final", () => {
  const agent = { kind: "agent", agentId } as const;
  const router = { kind: "router", routerId } as const;
  const connected = changeConnection({ status: "disconnected", target: null }, { type: "connect", target: agent });
  expect(connected).toEqual({ ok: true, value: { status: "connected", target: agent } });
  expect(changeConnection({ status: "connected", target: agent }, { type: "connect", target: router })).toMatchObject({
    value: { target: router },
  });
  expect(changeConnection({ status: "connected", target: agent }, { type: "disconnect" })).toMatchObject({
    value: { status: "disconnected" },
  });
  const removed = { status: "removed", target: agent } as const;
  expect(changeConnection(removed, { type: "connect", target: router })).toEqual({ ok: false, problem: "connection_removed" });
  expect(changeConnection(removed, { type: "disconnect" })).toEqual({ ok: false, problem: "connection_removed" });
  expect(changeConnection(removed, { type: "remove" })).toEqual({ ok: true, value: removed });
});

test("a target is one agent or one router, never both and never nothing", () => {
  expect(chooseTarget({ agent: "intake" })).toMatchObject({ value: { kind: "agent", slug: "intake" } });
  expect(chooseTarget({ router: "phone" })).toMatchObject({ value: { kind: "router", slug: "phone" } });
  expect(chooseTarget({ agent: "intake", router: "phone" })).toMatchObject({ problem: "two_targets" });
  expect(chooseTarget({ agent: "" })).toMatchObject({ problem: "no_target" });
});

test("a permission opens what asks for it; the star opens everything; nobody gives away what they lack", () => {
  expect(mayCall(["calls"], "calls")).toBe(true);
  expect(mayCall(["calls"], "admin")).toBe(false);
  expect(mayCall(["chat"], "any")).toBe(true);
  for (const permission of Permission) expect(mayGrant(["*"], [permission])).toBe(true);
  expect(mayGrant(["admin"], ["admin", "calls"])).toBe(false);
  expect(mayGrant(["admin", "calls"], ["calls"])).toBe(true);
  expect(mayGrant(["admin"], ["*"])).toBe(false);
});
