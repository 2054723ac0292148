import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  areDigits,
  BUILTIN_TOOL_NAMES,
  builtinTool,
  findBuiltinTool,
  numbersInInstructions,
  offeredBuiltin,
  OUTPUT_MAX_BYTES,
  readToolArguments,
  toolOutput,
  transferRefusal,
} from "../src/index.ts";

const query = findBuiltinTool("entity.query")?.parameters;
const read = (json: string) => {
  if (!query) throw new Error("entity.query is gone");
  return readToolArguments(query, json);
};

describe("arguments of a model", () => {
  test("are taken when the schema allows them; null is left out", () => {
    expect(read('{"type":"order","filters":{"a":{"_op_gt":1}},"status":null}')).toEqual({
      ok: true,
      value: { type: "order", filters: { a: { _op_gt: 1 } } },
    });
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "{type}"],
    ["a list", "[]"],
    ["a text", '"order"'],
    ["a missing field", '{"filters":{}}'],
    ["another type", '{"type":1}'],
    ["an unknown field", '{"type":"order","organizationId":"org_x"}'],
    ["no object where one is", '{"type":"order","filters":"all"}'],
    ["too much of it", JSON.stringify({ type: "x".repeat(40_000) })],
    ["too deep", `{"type":"order","filters":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`],
    ["deep beyond any stack", `{"type":"order","filters":${"[".repeat(16_000)}`],
    ["a prototype", '{"type":"order","filters":{"__proto__":{"x":1}}}'],
    ["a NUL", '{"type":"a\\u0000b"}'],
    ["half a character", '{"type":"\\ud800"}'],
  ])("are refused in a sentence: %s", (_what, json) => {
    const answer = read(json);
    expect(answer.ok).toBe(false);
    if (!answer.ok) expect(answer.problem.length).toBeGreaterThan(10);
  });

  test("never break the reader, whatever they are", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (json) => void read(json)));
  });
});

describe("built-in tools", () => {
  test("take neither organization nor environment, and describe everything that they take", () => {
    for (const name of BUILTIN_TOOL_NAMES) {
      const schema: unknown = JSON.parse(builtinTool(name)?.parametersJson ?? "");
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
      const { properties } = schema as { readonly properties: Readonly<Record<string, { readonly description?: string }>> };
      expect(Object.keys(properties)).not.toEqual(expect.arrayContaining([expect.stringMatching(/organization|environment|actor/i)]));
      for (const property of Object.values(properties)) expect(property.description).toBeTruthy();
    }
  });

  test("of the line are offered on the line alone, and a transfer only to whom it may go", () => {
    const text = { channel: "text", colleagues: [] } as const;
    expect(["call.end", "call.transfer", "call.sendDigits"].map((name) => offeredBuiltin(name, text))).toEqual([null, null, null]);
    expect(offeredBuiltin("router.transfer", text)).toBeNull();
    const routed = offeredBuiltin("router.transfer", { channel: "call", colleagues: [{ slug: "support", description: "helps" }] });
    expect(JSON.parse(routed?.parametersJson ?? "")).toMatchObject({ properties: { agent: { enum: ["support"] } }, required: ["agent"] });
    expect(offeredBuiltin("orders.find", text)).toBeUndefined();
  });
});

describe("an output", () => {
  test("is JSON and at most 32 KB, whatever it is", () => {
    const value = fc.oneof(fc.json(), fc.string({ unit: "binary", minLength: 1 }), fc.constant('"\\\u0001'));
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 100_000 }), (text, length) => {
        const json = toolOutput({ text: text.repeat(Math.ceil(length / text.length)).slice(0, length) });
        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(OUTPUT_MAX_BYTES);
        JSON.parse(json);
      }),
      { numRuns: 40 },
    );
  });

  test("that was cut says so", () => {
    expect(JSON.parse(toolOutput("é".repeat(40_000)))).toMatchObject({
      truncated: true,
      text: expect.stringMatching(/é\.\.\.\[truncated\]$/),
    });
  });
});

describe("a transfer to a person", () => {
  const lines = { from: "+14155550100", to: "+14155550199" };
  const systemPrompt =
    "Billing is +49 30 1234567, the shop +14155550123 or {{threadContext.params.manager}}. Never call +19005550100 or +4930.";

  test("knows the numbers that the author wrote, in whatever spacing, and none that a template fills in", () => {
    expect(numbersInInstructions(systemPrompt)).toEqual(["+49301234567", "+14155550123", "+19005550100"]);
    expect(numbersInInstructions('{{f({"to":"+14155550177"})}} and +14155550123')).toEqual(["+14155550123"]);
  });

  test.each([
    ["+14155550123", undefined],
    ["+49301234567", undefined],
    ["+14155550188", "not_in_instructions"],
    ["+19005550100", "premium_or_short"],
    ["911", "not_a_number"],
    ["4155550123", "not_a_number"],
    ["tel:+14155550123", "not_a_number"],
    ["+14155550123;ext=9", "not_a_number"],
    ["+14155550123</Number>", "not_a_number"],
  ])("to %s: %s", (number, refusal) => {
    expect(transferRefusal(number, { systemPrompt, ...lines })).toBe(refusal);
  });

  test("does not go back to the line it is on, even when the instructions name it", () => {
    expect(transferRefusal(lines.from, { systemPrompt: `Call ${lines.from}.`, ...lines })).toBe("own_line");
  });

  test("digits are what a phone has", () => {
    expect(["1", "12*#w3"].every(areDigits)).toBe(true);
    expect(["", "A", "1 2", "+1", "1".repeat(33)].some(areDigits)).toBe(false);
  });
});
