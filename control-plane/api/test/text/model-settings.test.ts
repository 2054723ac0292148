import { DEFAULT_TEXT_MODEL } from "struere";
import { describe, expect, test } from "vitest";
import { historyItems, type HistoryMessage } from "../../src/text/history.ts";
import { modelSettings } from "../../src/text/model-settings.ts";
import { routeByRules } from "../../src/text/route-rules.ts";

describe("what an owner chose, as the vendor takes it", () => {
  test("the default model, where nothing was chosen", () => {
    expect(modelSettings(undefined, "2026-11-22")).toEqual({ model: DEFAULT_TEXT_MODEL });
  });

  test("a model after its shutdown is its successor, and says so", () => {
    expect(modelSettings({ model: "openai/gpt-5-mini" }, "2026-12-11")).toMatchObject({
      model: "gpt-6.1-terra",
      warning: expect.stringContaining("was shut down on 2026-12-11"),
    });
    expect(modelSettings({ model: "openai/gpt-5-mini" }, "2026-11-22")).toMatchObject({
      model: "gpt-5-mini",
      warning: expect.stringContaining("in 19 days"),
    });
  });

  test.each([
    ["gpt-6.1-terra", "minimal", "low"],
    ["gpt-6.1-terra", "none", "none"],
    ["gpt-6.1-terra", "max", "max"],
    ["gpt-5", "none", "minimal"],
    ["gpt-5", "xhigh", "high"],
    ["gpt-5.6-luna", "none", "none"],
  ] as const)("%s is asked for effort %s as %s", (model, effort, asked) => {
    expect(modelSettings({ model, reasoning: { effort } }, "2026-11-22").effort).toBe(asked);
  });

  test("tokens are within what vendor and model allow; a temperature is for models that take one", () => {
    expect(modelSettings({ model: "gpt-6.1-terra", maxTokens: 1, temperature: 0.2 }, "2026-11-22")).toEqual({
      model: "gpt-6.1-terra",
      maxOutputTokens: 16,
    });
    expect(modelSettings({ model: "gpt-4.2-text", temperature: 0.2 }, "2026-11-22").temperature).toBe(0.2);
  });
});

describe("what the model reads of a thread", () => {
  const user = (content: string): HistoryMessage => ({ role: "user", content, tool_calls: null, tool_call_id: null });
  const said = (content: string, calls: readonly string[] = []): HistoryMessage => ({
    role: "assistant",
    content,
    tool_calls: calls.length === 0 ? null : calls.map((id) => ({ id, name: "entity.query", arguments: "{}" })),
    tool_call_id: null,
  });
  const result = (id: string, content: string): HistoryMessage => ({ role: "tool", content, tool_calls: null, tool_call_id: id });

  test("every call has a result, also one whose process died", () => {
    expect(historyItems([user("a"), said("", ["c1", "c2"]), result("c1", "{}")])).toEqual([
      { role: "user", content: "a" },
      { type: "function_call", call_id: "c1", name: "entity__query", arguments: "{}" },
      { type: "function_call", call_id: "c2", name: "entity__query", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "{}" },
      { type: "function_call_output", call_id: "c2", output: expect.stringContaining("unknown_outcome") },
    ]);
  });

  test("it begins with a user's message, however much is cut off", () => {
    const long = "x".repeat(100_000);
    expect(historyItems([result("c0", "lost"), said("lost"), user("b"), said("c")])[0]).toEqual({ role: "user", content: "b" });
    expect(
      historyItems([user(`1${long}`), said(long), user("2"), said(long), user("3")]).map((item) =>
        "content" in item ? String(item.content).slice(0, 2) : "",
      ),
    ).toEqual(["2", "xx", "3"]);
    expect(historyItems([user("x".repeat(500_000))])).toHaveLength(1);
  });
});

describe("conditions of rules", () => {
  const router = (field: string, operator: "eq" | "neq" | "contains", value: string | number | boolean) => ({
    name: "R",
    slug: "r",
    mode: "rules" as const,
    agents: [{ slug: "a" }, { slug: "b" }],
    fallback: "a",
    contextMessages: 10,
    rules: [{ conditions: [{ field, operator, value }], route: "b" }],
  });
  const facts = {
    channel: "api",
    message: "Where is my ORDER?",
    params: { tier: "gold", count: 3, tags: ["vip"], contact: { type: "customer" }, callerNumber: "+14155550100" },
  };

  test.each([
    ["contact.type", "eq", "customer", "b"],
    ["contact.phoneNumber", "contains", "+1415", "b"],
    ["params.count", "eq", 3, "b"],
    ["params.count", "eq", "3", undefined],
    ["threadContext.params.tags", "contains", "vip", "b"],
    ["threadContext.channel", "neq", "voice", "b"],
    ["message", "contains", "order", "b"],
    ["params.nothing", "eq", "x", undefined],
    ["params.nothing", "neq", "x", "b"],
    ["params.__proto__.x", "eq", "x", undefined],
    ["params.constructor.name", "eq", "Object", undefined],
  ] as const)("%s %s %s", (field, operator, value, route) => {
    expect(routeByRules(router(field, operator, value), facts)).toBe(route);
  });
});
