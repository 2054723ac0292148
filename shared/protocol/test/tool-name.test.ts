import { ownerToolName, vendorToolName } from "@struere/protocol/openai";
import fc from "fast-check";
import { expect, test } from "vitest";

const VENDOR = /^[a-zA-Z0-9_-]{1,64}$/;

test.each([
  ["entity.query", "entity__query"],
  ["voice.inject", "voice__inject"],
  ["call.sendDigits", "call__sendDigits"],
  ["get_weather", "get_weather"],
  ["calendar-book", "calendar-book"],
  ["mcp__server__tool", "x-mcp-5f-5fserver-5f-5ftool"],
  ["x-ray", "x-x-2dray"],
  ["größe", "x-gr-c3-b6-c3-9fe"],
])("%s is called %s at the vendor, and back", (owner, vendor) => {
  expect(vendorToolName(owner)).toBe(vendor);
  expect(ownerToolName(vendor)).toBe(owner);
});

test("every name that fits is legal at the vendor and comes back as it was", () => {
  const name = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.string({ unit: fc.constantFrom("a", "x", "7", ".", "_", "-"), maxLength: 20 }),
  );
  fc.assert(
    fc.property(name, (owner) => {
      fc.pre(owner.isWellFormed() && new TextEncoder().encode(owner).length <= 20);
      const vendor = vendorToolName(owner);
      expect(vendor).toMatch(VENDOR);
      expect(ownerToolName(vendor)).toBe(owner);
    }),
    { numRuns: 2_000 },
  );
});

test("two names never become one", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "x", ".", "_", "-"), maxLength: 6 });
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(vendorToolName(one) === vendorToolName(other)).toBe(one === other);
    }),
    { numRuns: 5_000 },
  );
});

test("a name that is too long is refused by its name", () => {
  expect(vendorToolName("a".repeat(64))).toHaveLength(64);
  expect(() => vendorToolName(`${"a".repeat(63)}.b`)).toThrow(/is too long for the model: 66 of 64/);
});

test("a name that the model made up comes back without a throw", () => {
  for (const invented of ["", "x-", "x-ff", "x--ff", "x-zz", "entity.query", "__"]) expect(typeof ownerToolName(invented)).toBe("string");
});
