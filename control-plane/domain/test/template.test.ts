import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fillTemplate, parseTemplate, renderTemplate, type TemplateCall, TEMPLATE_RESULT_MAX, valueAt } from "../src/index.ts";

interface Asked {
  readonly name: string;
  readonly argument: unknown;
}

/** Fills it with these values; every function answers `answer`. */
async function fill(source: string, values: unknown, answer: TemplateCall = { kind: "value", value: "" }) {
  const asked: Asked[] = [];
  const filled = await fillTemplate(parseTemplate(source), {
    valueOf: (path) => valueAt(values, path),
    call: async (name, argument) => {
      asked.push({ name, argument });
      return answer;
    },
  });
  return { ...filled, asked };
}

describe("variables", () => {
  test("are taken by path: text as it is, everything else as JSON, what is empty as nothing", async () => {
    const values = { a: { b: "x", n: 3, list: [1, 2], no: null }, "with-dash": true };
    const { text, problems } = await fill("{{a.b}} {{ a.n }} {{a.list}} <{{a.no}}> {{with-dash}}", values);
    expect(text).toBe("x 3 [1,2] <> true");
    expect(problems).toEqual([]);
  });

  test("that there are not stand as an error where their author sees it, and are named", async () => {
    const { text, problems } = await fill("{{a.c}} {{b}}", { a: {} });
    expect(text).toBe("[TEMPLATE_ERROR: a.c not found] [TEMPLATE_ERROR: b not found]");
    expect(problems.map((one) => one.name)).toEqual(["a.c", "b"]);
  });

  test.each(["a.constructor", "a.toString", "__proto__.x", "a.b.length", "constructor.name", "a.list.length"])(
    "reach nothing that the values did not bring themselves: %s",
    async (name) => {
      expect((await fill(`{{${name}}}`, { a: { b: "x", list: [] } })).text).toBe(
        name === "a.list.length" ? "0" : `[TEMPLATE_ERROR: ${name} not found]`,
      );
    },
  );

  test("of other template languages are errors that say so", async () => {
    const { text, problems } = await fill("{{#if a}}yes{{else}}no{{/if}}", { a: 1 });
    expect(text).toBe("[TEMPLATE_ERROR: #if a not found]yes[TEMPLATE_ERROR: else not found]no[TEMPLATE_ERROR: /if not found]");
    expect(problems.every((one) => one.problem.includes("no blocks"))).toBe(true);
  });
});

describe("functions", () => {
  test("get their arguments as JSON, with variables in their places", async () => {
    const source =
      '{{entity.query({"type": "order", "limit": {{n}}, "filters": {"who": "{{name}}", "note": "for {{name}}!", "in": {"$in": {{list}}}}})}}';
    const { asked, text } = await fill(source, { n: 3, name: 'a "quoted" \\ name', list: ["x", 1] }, { kind: "value", value: [{ id: 1 }] });
    expect(text).toBe('[{"id":1}]');
    expect(asked).toEqual([
      {
        name: "entity.query",
        argument: {
          type: "order",
          limit: 3,
          filters: { who: 'a "quoted" \\ name', note: 'for a "quoted" \\ name!', in: { $in: ["x", 1] } },
        },
      },
    ]);
  });

  test("never get a value as a name or an operator: an object can not take a place", async () => {
    const { text, asked } = await fill('{{entity.query({"type": "order", "filters": {"who": {{who}}}})}}', { who: { $ne: "" } });
    expect(asked).toEqual([]);
    expect(text).toBe("[TEMPLATE_ERROR: who not found]");
    expect((await fill('{{f({"{{who}}": 1})}}', { who: "x" })).asked).toEqual([]);
  });

  test("answer an empty list where the agent may not, and an error where it failed", async () => {
    expect((await fill("{{f()}}", {}, { kind: "denied", problem: "no" })).text).toBe("[]");
    expect((await fill("{{f()}}", {}, { kind: "not_found" })).text).toBe("[TEMPLATE_ERROR: f not found]");
    expect((await fill("{{f()}}", {}, { kind: "failed", problem: "secret detail" })).text).toBe("[TEMPLATE_ERROR: f failed]");
  });

  test("are cut at ten kilobytes", async () => {
    const { text } = await fill("{{f()}}", {}, { kind: "value", value: "é".repeat(20_000) });
    expect(text).toBe(`${"é".repeat(TEMPLATE_RESULT_MAX)}...[truncated]`);
  });

  test.each(['{{f({"a": 1)}}', '{{f({"a": )}}', "{{f([1])}}", "{{f(1)}}", '{{f({"a": "}}', '{{f({"a": 1}) x}}'])(
    "with arguments that can not be read are not called: %s",
    async (source) => {
      const { asked, text } = await fill(source, {});
      expect(asked).toEqual([]);
      expect(text).toContain("[TEMPLATE_ERROR: f not found]");
    },
  );

  test("may have parentheses and braces in their texts", async () => {
    const { asked } = await fill('{{f({"a": "x)}} {{ (", "b": {"c": "\\")}}"}})}} after', {});
    expect(asked).toEqual([{ name: "f", argument: { a: "x)}} {{ (", b: { c: '")}}' } } }]);
  });

  test("are at most twenty", async () => {
    const { asked, problems } = await fill("{{f()}}".repeat(25), {});
    expect(asked).toHaveLength(20);
    expect(problems).toHaveLength(5);
  });
});

/** What somebody might want to be read as a template. */
const hostile = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "{{secret}}",
    '{{f({"a":1})}}',
    "{{",
    "}}",
    "{{#if x}}",
    '"}})}} {{secret}}',
    '", "x": {"$ne": ""}, "y": "',
    "\uE0000\uE002",
    "$&",
    "$1",
  ),
  fc.array(fc.constantFrom("{", "}", "(", ")", '"', "\\", "a", "secret", ".", " "), { maxLength: 30 }).map((parts) => parts.join("")),
);

describe("whatever a value holds", () => {
  test("it stands in the text as it is and is never read as a template", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (a, b) => {
        const { text, asked } = await fill("<{{a}}|{{b}}>", { a, b, secret: "LEAKED" });
        expect(text).toBe(`<${a}|${b}>`);
        expect(asked).toEqual([]);
        expect(renderTemplate("<{{a}}|{{b}}>", { a, b, secret: "LEAKED" })).toBe(text);
      }),
    );
  });

  test("it reaches a function as that very value, alone and within a text", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (value) => {
        const { asked } = await fill('{{f({"alone": {{v}}, "within": "<{{v}}>", "fixed": 1})}}', { v: value, secret: "LEAKED" });
        expect(asked).toEqual([{ name: "f", argument: { alone: value, within: `<${value}>`, fixed: 1 } }]);
      }),
    );
  });

  test("what a function answers is not read as a template either", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (value) => {
        const { text, asked } = await fill("{{f()}}", { secret: "LEAKED" }, { kind: "value", value });
        expect(text).toBe(value);
        expect(asked).toHaveLength(1);
      }),
    );
  });
});

describe("any text at all", () => {
  test("is parsed, and without a place comes out as it went in", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (source) => {
        const { parts } = parseTemplate(source);
        const { text } = await fill(source, {});
        if (parts.every((part) => part.kind === "text")) expect(text).toBe(source);
      }),
    );
  });

  test("has the same parts beside other text", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ]*$/), fc.stringMatching(/^[a-z ]*$/), (before, after) => {
        const parts = parseTemplate(`${before}{{a.b}}${after}`).parts.filter((part) => part.kind !== "text");
        expect(parts).toEqual([{ kind: "variable", name: "a.b" }]);
      }),
    );
  });
});
