import { systemClock } from "@struere/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadMind, scriptedMind, type SimulatedOpenAI, type SimulatedOpenAIOptions, startSimulatedOpenAI } from "../src/openai/index.ts";

const startVendor = (options: SimulatedOpenAIOptions = {}): Promise<SimulatedOpenAI> =>
  startSimulatedOpenAI({ clock: systemClock({ scale: 20 }), ...options });
const REQUEST = { model: "gpt-6.1-terra", store: false, include: ["reasoning.encrypted_content"], input: "Hello" };
const BOOK = {
  type: "function",
  name: "calendar__book",
  description: "Books.",
  parameters: { type: "object", properties: { day: { type: "string" } } },
  strict: false,
};

/** Tests look at it field by field. */
type Body = ReturnType<typeof JSON.parse>;
async function ask(
  vendor: SimulatedOpenAI,
  body: object,
  key = "sk-test",
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Body }> {
  const response = await fetch(`${vendor.baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}
const typesOf = (body: Body): readonly string[] => body["output"].map((item: { type: string }) => item.type);

describe("POST /v1/responses", () => {
  let vendor: SimulatedOpenAI;
  beforeAll(async () => {
    const mind = scriptedMind([
      { when: "book", call: { name: "calendar.book", arguments: { day: "monday" } }, thenSay: "Booked: {{output}}" },
      { when: "hello", channel: "voice", say: "Only on the phone." },
      { when: /refund/i, answer: { agent: "support" } },
      { when: "hello", say: "Good morning." },
    ]);
    vendor = await startVendor({ mind, apiKey: "sk-test" });
  });
  afterAll(() => vendor.close());

  test("answers in the vendor's shape what the mind says, with a line of the invoice", async () => {
    const { status, body } = await ask(vendor, REQUEST);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: "response",
      status: "completed",
      model: "gpt-6.1-terra",
      store: false,
      error: null,
      incomplete_details: null,
    });
    expect(body["output"]).toMatchObject([
      { type: "reasoning", summary: [], encrypted_content: expect.any(String) },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Good morning.", annotations: [] }] },
    ]);
    expect(vendor.invoice().at(-1)).toEqual({
      kind: "text",
      sessionId: "responses",
      model: "gpt-6.1-terra",
      responseId: body["id"],
      status: "completed",
      usage: body["usage"],
    });
    expect(body["usage"].total_tokens).toBe(body["usage"].input_tokens + body["usage"].output_tokens);
  });

  test("calls a tool, takes its result with what the model thought, and goes on", async () => {
    const user = { role: "user", content: "Please book" };
    const first = await ask(vendor, { ...REQUEST, input: [user], tools: [BOOK] });
    expect(typesOf(first.body)).toEqual(["reasoning", "function_call"]);
    const call = first.body["output"][1];
    expect(call).toMatchObject({ name: "calendar__book", arguments: '{"day":"monday"}', status: "completed" });
    const output = { type: "function_call_output", call_id: call.call_id, output: "ok" };
    const second = await ask(vendor, { ...REQUEST, input: [user, ...first.body["output"], output], tools: [BOOK] });
    expect(second.body["output"].at(-1).content[0].text).toBe("Booked: ok");
  });

  test("answers by schema: from the script, or by the words that description and message share", async () => {
    const schema = {
      type: "object",
      properties: { agent: { type: "string", enum: ["intake", "support", "uncertain"] } },
      required: ["agent"],
      additionalProperties: false,
    };
    const instructions = "Agents:\n- intake: registration of new customers\n- support: technical trouble with routers";
    const choose = async (input: string): Promise<unknown> => {
      const { body } = await ask(vendor, {
        ...REQUEST,
        instructions,
        input,
        text: { format: { type: "json_schema", name: "route", strict: true, schema } },
      });
      return JSON.parse(body["output"].at(-1).content[0].text);
    };
    expect([
      await choose("A refund please"),
      await choose("My router makes trouble"),
      await choose("I am a new customer"),
      await choose("Hm"),
    ]).toEqual([{ agent: "support" }, { agent: "support" }, { agent: "intake" }, { agent: "uncertain" }]);
  });

  test("caches the beginning that a prompt shares with an earlier one", async () => {
    const instructions = "You know the whole price list. ".repeat(400);
    await ask(vendor, { ...REQUEST, instructions });
    const { body } = await ask(vendor, { ...REQUEST, instructions, input: "Hello again" });
    expect(body["usage"].input_tokens_details.cached_tokens).toBeGreaterThan(1_024);
    expect(body["usage"].input_tokens_details.cached_tokens % 128).toBe(0);
  });

  test.each([
    ["an unknown field", { stream: true }, "unknown_parameter"],
    ["a temperature for a model that thinks", { temperature: 0.5 }, "unsupported_parameter"],
    ["an effort that the model has not", { reasoning: { effort: "minimal" } }, "unsupported_value"],
    ["too few tokens", { max_output_tokens: 3 }, "integer_below_min_value"],
    ["a tool with a dot", { tools: [{ ...BOOK, name: "calendar.book" }] }, "invalid_value"],
    ["a strict tool with an optional property", { tools: [{ ...BOOK, strict: true }] }, "invalid_function_parameters"],
    ["an open schema", { text: { format: { type: "json_schema", name: "x", schema: { type: "object" } } } }, "invalid_json_schema"],
    ["a result without its call", { input: [{ type: "function_call_output", call_id: "c", output: "" }] }, "invalid_request_error"],
    [
      "a call without its result",
      { input: [{ type: "function_call", call_id: "c", name: "n", arguments: "{}" }] },
      "invalid_request_error",
    ],
    [
      "thought without what it led to",
      { input: [{ type: "reasoning", id: "rs", summary: [], encrypted_content: "gAAAA_sim_x" }] },
      "invalid_request_error",
    ],
    [
      "thought that was changed",
      {
        input: [
          { type: "reasoning", id: "rs", summary: [], encrypted_content: "made up" },
          { role: "user", content: "x" },
        ],
      },
      "invalid_encrypted_content",
    ],
    ["no input", { input: undefined }, "missing_required_parameter"],
  ])("refuses %s", async (_what, change, code) => {
    expect(await ask(vendor, { ...REQUEST, ...change })).toMatchObject({
      status: 400,
      body: { error: { code, message: expect.any(String) } },
    });
  });

  test("refuses a wrong key and a model that writes no text", async () => {
    expect(await ask(vendor, REQUEST, "sk-wrong")).toMatchObject({ status: 401, body: { error: { code: "invalid_api_key" } } });
    expect(await ask(vendor, { ...REQUEST, model: "gpt-realtime-2.1" })).toMatchObject({
      status: 404,
      body: { error: { code: "model_not_found" } },
    });
  });
});

describe("text faults", () => {
  test("strike the request that they aim at, once each, and bill only what was generated", async () => {
    await using vendor = await startVendor({
      faults: [
        { kind: "text_refused", status: 429, retryAfterMs: 1_500, session: 1 },
        { kind: "text_failed", code: "server_error", session: 2 },
        { kind: "text_incomplete", reason: "max_output_tokens", session: 3 },
        { kind: "text_tool_call", name: "drop__tables", arguments: "{not json", session: 4 },
      ],
    });
    const limited = await ask(vendor, REQUEST);
    expect(limited).toMatchObject({ status: 429, body: { error: { code: "rate_limit_exceeded" } } });
    expect([limited.headers.get("retry-after"), limited.headers.get("retry-after-ms")]).toEqual(["2", "1500"]);
    expect((await ask(vendor, REQUEST)).body).toMatchObject({ status: "failed", error: { code: "server_error" }, usage: null });
    expect((await ask(vendor, REQUEST)).body).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect((await ask(vendor, REQUEST)).body["output"].at(-1)).toMatchObject({
      type: "function_call",
      name: "drop__tables",
      arguments: "{not json",
    });
    expect(vendor.invoice().map((line) => (line.kind === "text" ? line.status : line.kind))).toEqual(["incomplete", "completed"]);
    expect(vendor.texts.map((one) => one.status)).toEqual([429, 200, 200, 200]);
    vendor.forget();
    expect([vendor.texts, vendor.invoice()]).toEqual([[], []]);
  });

  test("break the connection or the body", async () => {
    await using vendor = await startVendor({
      faults: [
        { kind: "text_cut", session: 1 },
        { kind: "text_malformed", session: 2 },
      ],
    });
    await expect(ask(vendor, REQUEST)).rejects.toThrow(/fetch failed|socket/);
    await expect(ask(vendor, REQUEST)).rejects.toThrow(/JSON/);
  });
});

test("a YAML script says in which channel a line holds and what a classifier answers", async () => {
  await using vendor = await startVendor({
    mind: loadMind(
      "lines:\n  - when: hello\n    channel: voice\n    say: On the phone.\n  - when: hello\n    say: In writing.\n  - when: x\n    answer: { agent: a }",
    ),
  });
  expect((await ask(vendor, REQUEST)).body["output"].at(-1).content[0].text).toBe("In writing.");
  expect(() => loadMind("lines:\n  - when: hello\n    channel: fax")).toThrow(/channel is neither "voice" nor "text"/);
});
