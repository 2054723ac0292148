import { parseId } from "@struere/kernel";
import { type MindTurn, scriptedMind } from "@struere/simulators";
import { listTextUsage, listThreadMessages, openThread } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatAnswerShape } from "../../src/chat/chat-shapes.ts";
import { NOW } from "../fixture.ts";
import { aTextWorld, chat, post, type TextWorld, toolAnswer } from "./world.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const world = (options: Omit<Parameters<typeof aTextWorld>[0], "db"> = {}): Promise<TextWorld> =>
  aTextWorld({ db: database.db, ...options });

const threadIdOf = (text: string) => parseId("thread", text) ?? expect.unreachable(`${text} is no thread's id`);

describe("a conversation", () => {
  test("is answered in the documented shape, remembered, and billed as the vendor bills it", async () => {
    await using at = await world({
      mind: scriptedMind([
        { when: /name is (?<name>\w+)/, say: "Hello $<name>." },
        { when: "who am I", say: "You told me." },
      ]),
    });
    await at.tenant.agent("intake", { systemPrompt: "You are on {{threadContext.channel}} for {{threadContext.params.shop}}." });
    const first = await chat(at, "intake", "My name is Ada", { threadContext: { params: { shop: "Acme {{message}}" } } });
    expect(first.status).toBe(200);
    expect(ChatAnswerShape.parse(first.body)).toMatchObject({
      message: "Hello Ada.",
      agentSlug: "intake",
      executionMeta: { steps: 1, finishReason: "stop", toolCallSummary: [] },
    });

    const { threadId } = first.body;
    const second = await post(at, "/v1/chat", at.tenant.key, { agentSlug: "intake", message: "So who am I?", threadId });
    expect(second.body).toMatchObject({ threadId, message: "You told me." });
    const [, asked] = at.vendor.texts;
    expect(asked?.body["input"]).toEqual([
      { role: "user", content: "My name is Ada" },
      { role: "assistant", content: "Hello Ada." },
      { role: "user", content: "So who am I?" },
    ]);
    // A value is data: what stands in it is not read as a template.
    expect(asked?.body["instructions"]).toBe("You are on api for Acme {{message}}.");
    expect(asked?.body).toMatchObject({ store: false, model: "gpt-6.1-terra" });

    const messages = await listThreadMessages(database.db, at.tenant.scope, threadIdOf(threadId), 10);
    expect(messages.map(({ seq, role, content }) => [seq, role, content])).toEqual([
      [1, "user", "My name is Ada"],
      [2, "assistant", "Hello Ada."],
      [3, "user", "So who am I?"],
      [4, "assistant", "You told me."],
    ]);
    const usage = await listTextUsage(database.db, at.tenant.scope, threadIdOf(threadId));
    const invoice = at.vendor.invoice();
    const billed = invoice.map((line) =>
      line.kind === "text" ? [line.responseId, line.usage.input_tokens, line.usage.output_tokens] : [],
    );
    expect(usage.map((one) => [one.response_id, one.input_tokens, one.output_tokens])).toEqual(billed);
    const totals = [first, second].map((answer) => answer.body["usage"].totalTokens);
    expect(totals).toEqual(invoice.map((line) => (line.kind === "text" ? line.usage.total_tokens : 0)));
  });

  test("is found again by the caller's own name for it", async () => {
    await using at = await world();
    await at.tenant.agent("intake");
    const [one, two] = [
      await chat(at, "intake", "One", { externalThreadId: "customer-7" }),
      await chat(at, "intake", "Two", { externalThreadId: "customer-7" }),
    ];
    expect(two.body["threadId"]).toBe(one.body["threadId"]);
    expect((await chat(at, "intake", "Three")).body["threadId"]).not.toBe(one.body["threadId"]);
  });

  test("answers one message at a time: two at once come one after the other, each with its answer", async () => {
    await using at = await world();
    await at.tenant.agent("intake");
    const { threadId } = (await chat(at, "intake", "Hello")).body;
    const answers = await Promise.all(["A", "B", "C"].map((message) => chat(at, "intake", message, { threadId })));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    const messages = await listThreadMessages(database.db, at.tenant.scope, threadIdOf(threadId), 20);
    expect(messages.map((message) => message.role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
      "assistant",
    ]);
    for (const [index, message] of messages.entries()) {
      if (message.role === "user" && index > 0) expect(messages[index + 1]?.content).toContain(`You said: ${message.content} `);
    }
  });

  test("keeps what Postgres can not write out of the record", async () => {
    await using at = await world();
    await at.tenant.agent("intake");
    const answer = await chat(at, "intake", "before\u0000after \ud800 end", { threadContext: { params: { note: "a\u0000b" } } });
    expect(answer.status).toBe(200);
    const [message] = await listThreadMessages(database.db, at.tenant.scope, threadIdOf(answer.body["threadId"]), 1);
    expect(message?.role).toBe("assistant");
  });
});

describe("tools", () => {
  const booking = scriptedMind([
    {
      when: "both",
      call: [
        { name: "calendar.book", arguments: { day: 1 } },
        { name: "voice.inject", arguments: { action: "correction" } },
      ],
      thenSay: "Done: {{output}}",
    },
  ]);

  test("run in parallel, with their results in the answer and in the record", async () => {
    let inside = 0;
    const together = Promise.withResolvers<void>();
    const meet = async (): Promise<void> => {
      if (++inside === 2) together.resolve();
      await together.promise;
    };
    await using at = await world({
      mind: booking,
      tools: {
        "calendar.book": async () => (await meet(), toolAnswer({ booked: true })),
        "voice.inject": async () => (await meet(), toolAnswer({ injected: "correction" })),
      },
    });
    await at.tenant.agent("intake", { tools: ["calendar.book", "voice.inject"], roles: ["front-desk"] });
    const { body } = await chat(at, "intake", "Do both");
    expect(ChatAnswerShape.parse(body).executionMeta).toMatchObject({
      steps: 2,
      toolCallSummary: [
        { name: "calendar.book", status: "success", result: { booked: true } },
        { name: "voice.inject", status: "success", result: { injected: "correction" } },
      ],
    });
    expect(at.runs[0]?.actor).toEqual({ kind: "agent", slug: "intake", roles: ["front-desk"], ...at.tenant.scope });
    expect(new Set(at.runs.map((run) => run.idempotencyKey)).size).toBe(2);
    // What the model thought goes back sealed, before the calls that it led to.
    const items = at.vendor.texts[1]?.body["input"];
    expect(Array.isArray(items) && items.map((item) => item.type ?? item.role)).toEqual([
      "user",
      "reasoning",
      "function_call",
      "function_call",
      "function_call_output",
      "function_call_output",
    ]);
    const messages = await listThreadMessages(database.db, at.tenant.scope, threadIdOf(body["threadId"]), 10);
    expect(messages.map((message) => message.role)).toEqual(["user", "assistant", "tool", "tool", "assistant"]);
    // The next message reads the calls and results back.
    expect((await chat(at, "intake", "Thanks", { threadId: body["threadId"] })).status).toBe(200);
    expect(JSON.stringify(at.vendor.texts[2]?.body["input"])).toContain("calendar__book");
  });

  test("that fail, are refused or do not exist are told to the model, and never end the conversation", async () => {
    const names = ["broken", "refused", "away"];
    await using at = await world({
      mind: scriptedMind([{ when: "go", call: names.map((name) => ({ name })), thenSay: "It did not work." }]),
      tools: {
        broken: () => {
          throw new TypeError("secret of the house");
        },
        refused: () => ({ outputJson: '{"error":"Permission denied: orders"}', isError: true, errorType: "permission" }),
        away: () => ({ outputJson: '{"error":"timeout"}', isError: true, errorType: "timeout" }),
      },
    });
    await at.tenant.agent("intake", { tools: names });
    const { body } = await chat(at, "intake", "go");
    expect(body["message"]).toBe("It did not work.");
    expect(body["executionMeta"].toolCallSummary).toMatchObject([
      { name: "broken", status: "error", errorType: "unknown" },
      { name: "refused", status: "permission_denied", errorType: "permission" },
      { name: "away", status: "error", errorType: "timeout" },
    ]);
    expect(JSON.stringify(at.vendor.texts)).not.toContain("secret of the house");
  });

  test.each([
    ["arguments that are not JSON", { name: "calendar__book", arguments: '{"day":' }, /not a JSON object/],
    ["arguments that are no object", { name: "calendar__book", arguments: "[1]" }, /not a JSON object/],
    [
      "a name that nobody offered",
      { name: "delete__everything", arguments: "{}" },
      /no tool "delete.everything"; there are: calendar.book/,
    ],
  ])("are not run for %s", async (_what, call, told) => {
    await using at = await world({ faults: [{ kind: "text_tool_call", times: 1, ...call }] });
    await at.tenant.agent("intake", { tools: ["calendar.book"] });
    const { status, body } = await chat(at, "intake", "Book it");
    expect(status).toBe(200);
    expect(at.runs).toEqual([]);
    expect(body["executionMeta"].toolCallSummary).toMatchObject([{ status: "error", errorType: "validation" }]);
    const [{ result }] = body["executionMeta"].toolCallSummary;
    expect(result.message).toMatch(told);
    // The model is told the same.
    expect(JSON.stringify(at.vendor.texts[1]?.body["input"])).toContain(JSON.stringify(JSON.stringify(result)).slice(1, -1));
  });

  test("run eight at a time; what is called beyond that is not run", async () => {
    const calls = Array.from({ length: 10 }, (_, index) => ({ name: "count", arguments: { index } }));
    await using at = await world({ mind: scriptedMind([{ when: "go", call: calls, thenSay: "ok" }]) });
    await at.tenant.agent("intake", { tools: ["count"] });
    const { body } = await chat(at, "intake", "go");
    expect(at.runs).toHaveLength(8);
    expect(body["executionMeta"].toolCallSummary.map((one: { status: string }) => one.status)).toEqual([
      ...Array(8).fill("success"),
      "error",
      "error",
    ]);
  });

  test("are offered ten steps long; then there is an answer without them", async () => {
    const restless = (turn: MindTurn) => (turn.toolChoice === "none" ? { say: "Enough." } : { toolCalls: [{ name: "count" }] });
    await using at = await world({ mind: restless });
    await at.tenant.agent("intake", { tools: ["count"] });
    const { body } = await chat(at, "intake", "go");
    expect(body).toMatchObject({ message: "Enough.", executionMeta: { steps: 10 } });
    expect(at.runs).toHaveLength(9);
  });
});

describe("agents that ask agents", () => {
  const asking = (agent: string) => ({ name: "agent.chat", arguments: { agent } });
  const tools = {
    "agent.chat": async (
      request: Parameters<NonNullable<Parameters<typeof aTextWorld>[0]["tools"]>[string]>[0],
      text: TextWorld["text"],
    ) => {
      const { agent } = JSON.parse(request.argumentsJson);
      return toolAnswer(
        await text.chatWithAgent({
          actor: request.actor,
          parentThread: request.threadId,
          agentSlug: agent,
          message: "ask",
          context: { order: "o-1" },
          keyId: request.keyId,
          signal: request.signal,
        }),
      );
    },
  };
  /** Each agent asks the one that its instructions name. */
  const chain = (turn: MindTurn) => {
    const newest = turn.history.at(-1);
    if (newest?.role === "tool_output") return { say: newest.text.slice(0, 4_000) };
    const next = /next: (\w+)/.exec(turn.instructions)?.[1];
    return next ? { toolCalls: [asking(next)] } : { say: `I am last, for ${turn.instructions}` };
  };
  const link = (next: string | null, more = "") => ({ systemPrompt: `next: ${next ?? ""} ${more}`, tools: ["agent.chat"] });

  test("get the answer in a thread of their own that knows its parent and its context", async () => {
    await using at = await world({ mind: chain, tools });
    await at.tenant.agent("a", link("b"));
    await at.tenant.agent("b", {
      systemPrompt: "{{threadContext.channel}} {{threadContext.params.order}} {{threadContext.params.parentContext.order}}",
    });
    const { body } = await chat(at, "a", "go");
    const [{ status, result }] = body["executionMeta"].toolCallSummary;
    expect(status).toBe("success");
    expect(result).toMatchObject({ agentSlug: "b", response: "I am last, for agent o-1 o-1" });
    expect(result.usage.totalTokens).toBeGreaterThan(0);
    expect(result.threadId).not.toBe(body["threadId"]);
    const billed = at.vendor.invoice().reduce((sum, line) => sum + (line.kind === "text" ? line.usage.total_tokens : 0), 0);
    expect(body["usage"].totalTokens + result.usage.totalTokens).toBe(billed);
  });

  test("go three deep and no deeper", async () => {
    await using at = await world({ mind: chain, tools });
    for (const [slug, next] of ["ab", "bc", "cd", "de"].map((pair) => pair.split("")))
      await at.tenant.agent(slug ?? "", link(next ?? null));
    await at.tenant.agent("e", link(null));
    const { status, body } = await chat(at, "a", "go");
    expect(status).toBe(200);
    expect(body["message"]).toContain("3 agents deep already: a → b → c → d");
  });

  test.each([["a"], ["b"]])("never ask one that waits for them: %s", async (back) => {
    await using at = await world({ mind: chain, tools });
    await at.tenant.agent("a", link("b"));
    await at.tenant.agent("b", link("c"));
    await at.tenant.agent("c", link(back));
    expect((await chat(at, "a", "go")).body["message"]).toContain(`in a circle: a → b → c → ${back}`);
  });
});

describe("nobody gets into a thread that is not theirs", () => {
  test.each(["another organization", "another environment"])("%s: by id it is not found, by name it is another one", async (whose) => {
    await using at = await world();
    await at.tenant.agent("intake");
    const { threadId } = (await chat(at, "intake", "My secret is 4711", { externalThreadId: "customer-7" })).body;
    const stranger = await at.anotherTenant("development", whose === "another environment" ? at.tenant.scope : undefined);
    await stranger.agent("intake");
    const byId = await post(at, "/v1/chat", stranger.key, { agentSlug: "intake", message: "What is the secret?", threadId });
    expect(byId).toMatchObject({ status: 404, body: { error: expect.stringContaining(`there is no thread ${threadId}`) } });
    const byName = await post(at, "/v1/chat", stranger.key, {
      agentSlug: "intake",
      message: "What is the secret?",
      externalThreadId: "customer-7",
    });
    expect(byName.status).toBe(200);
    expect(byName.body["threadId"]).not.toBe(threadId);
    expect(JSON.stringify(at.vendor.texts.at(-1)?.body)).not.toContain("4711");
    expect(await listThreadMessages(database.db, stranger.scope, threadIdOf(threadId), 10)).toEqual([]);
    expect(await listThreadMessages(database.db, at.tenant.scope, threadIdOf(threadId), 10)).toHaveLength(2);
  });

  test("another agent of the same owner neither", async () => {
    await using at = await world();
    await at.tenant.agent("intake");
    await at.tenant.agent("support");
    const { threadId } = (await chat(at, "intake", "Hello", { externalThreadId: "customer-7" })).body;
    for (const name of [{ threadId }, { externalThreadId: "customer-7" }]) {
      const refused = await chat(at, "support", "Hello", name);
      expect(refused).toMatchObject({ status: 409, body: { error: expect.stringContaining('is the thread of the agent "intake"') } });
    }
  });

  test("nor can a child be hung under a foreign thread", async () => {
    await using at = await world();
    const stranger = await at.anotherTenant();
    await stranger.agent("intake");
    await at.tenant.agent("intake");
    const { threadId } = (await chat(at, "intake", "Hello")).body;
    const asked = at.text.chatWithAgent({
      actor: { ...stranger.scope, slug: "other" },
      parentThread: threadIdOf(threadId),
      agentSlug: "intake",
      message: "x",
      keyId: null,
    });
    await expect(asked).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("what is refused", () => {
  let at: TextWorld;
  beforeAll(async () => {
    at = await world();
    await at.tenant.agent("intake", {
      threadContextParams: [
        { name: "orderId", type: "string", required: true },
        { name: "rush", type: "boolean" },
      ],
    });
    await at.tenant.agent("plain");
    await (await at.anotherTenant("eval", at.tenant.scope)).agent("elsewhere");
  });
  afterAll(() => at[Symbol.asyncDispose]());

  test.each([
    ["no key", null, 401, /^Unauthorized/],
    ["a key that nobody has", `sk_prod_${"0".repeat(59)}`, 401, /^Invalid API key/],
  ])("%s", async (_what, key, status, error) => {
    expect(await post(at, "/v1/chat", key, { agentSlug: "plain", message: "x" })).toMatchObject({
      status,
      body: { error: expect.stringMatching(error) },
    });
  });

  test("a key without the permission chat", async () => {
    const answer = await post(at, "/v1/agents/plain/chat", await at.tenant.keyWith(["data"]), { message: "x" });
    expect(answer).toMatchObject({ status: 403, body: { error: expect.stringContaining('needs the permission "chat" and has "data"') } });
  });

  test.each([
    ["/v1/chat", { message: "x" }, 400, /^agentId and message are required/],
    ["/v1/chat", { agentSlug: "plain" }, 400, /^agentId and message are required/],
    ["/v1/chat", { agentSlug: "plain", routerSlug: "r", message: "x" }, 400, /exactly one of agentSlug, agentId, routerSlug/],
    ["/v1/agents/plain/chat", {}, 400, /^message is required/],
    ["/v1/agents/plain/chat", { message: "  " }, 400, /^message is required/],
    ["/v1/routers/phone/chat", {}, 400, /^message is required/],
    ["/v1/agents/plain/chat", { message: "x", threadId: "7" }, 400, /threadId: is not an id of the form thread_/],
    ["/v1/agents/plain/chat", { message: "x", threadId: `thread_${"0".repeat(24)}` }, 404, /there is no thread/],
    ["/v1/agents/plain/chat", { message: "x", threadId: `thread_${"0".repeat(24)}`, externalThreadId: "e" }, 400, /at most one of them/],
    ["/v1/agents/plain/chat", { message: "x", channel: "whatsapp" }, 400, /channel/],
    ["/v1/agents/plain/chat", { message: "x", threadContext: { params: { ["a b"]: 1 } } }, 400, /threadContext/],
    ["/v1/agents/nobody/chat", { message: "x" }, 404, /^Agent not found/],
    ["/v1/chat", { agentId: `agent_${"0".repeat(24)}`, message: "x" }, 404, /^Agent not found/],
    ["/v1/agents/elsewhere/chat", { message: "x" }, 404, /^No active config found for agent "elsewhere" in production/],
    ["/v1/routers/nobody/chat", { message: "x" }, 404, /^Router not found/],
    ["/v1/agents/intake/chat", { message: "x" }, 400, /threadContext.params.orderId is missing; agent "intake" needs it: a string/],
    [
      "/v1/agents/intake/chat",
      { message: "x", threadContext: { params: { orderId: "7", rush: "yes" } } },
      400,
      /rush is a string; agent "intake" needs a boolean/,
    ],
    ["/v1/chat", "{", 400, /./],
  ])("%s %j", async (path, body, status, error) => {
    expect(await post(at, path, at.tenant.key, body)).toMatchObject({ status, body: { error: expect.stringMatching(error) } });
  });

  test("a message that is too long", async () => {
    const answer = await chat(at, "plain", "x".repeat(32_001));
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining("message: is too long; legal: at most 32000") } });
  });

  test("a router's thread, from one of its agents", async () => {
    const { thread } = await openThread(database.db, at.tenant.scope, {
      channel: "api",
      target: { kind: "router", slug: "phone" },
      externalId: null,
      parentThreadId: null,
      params: {},
      now: NOW,
    });
    expect((await chat(at, "plain", "x", { threadId: thread.id })).status).toBe(409);
  });

  test("too many requests, with the time to come again", async () => {
    // A minute is three seconds here: none comes back while three ask.
    const limits = { key: { perMinute: 1, burst: 2 }, organization: { perMinute: 100, burst: 30 } };
    await using busy = await world({ limits });
    await busy.tenant.agent("plain");
    const answers = [await chat(busy, "plain", "1"), await chat(busy, "plain", "2"), await chat(busy, "plain", "3")];
    expect(answers.map((answer) => answer.status)).toContain(429);
    const refused = answers.find((answer) => answer.status === 429);
    expect(refused?.body).toEqual({ error: "Rate limit exceeded", retryAt: expect.any(Number) });
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("when the vendor is in trouble", () => {
  test("without a key the answer names the variable", async () => {
    await using at = await world({ apiKey: null });
    await at.tenant.agent("intake");
    expect(await chat(at, "intake", "x")).toMatchObject({ status: 409, body: { error: expect.stringContaining("OPENAI_API_KEY") } });
  });

  test.each([
    ["429 twice", [{ kind: "text_refused", status: 429, retryAfterMs: 200, times: 2 }], 200, /You said/, 3],
    [
      "500 and a broken connection",
      [
        { kind: "text_refused", status: 500, times: 1 },
        { kind: "text_cut", times: 1 },
      ],
      200,
      /You said/,
      3,
    ],
    ["a body that is not JSON", [{ kind: "text_malformed", times: 1 }], 200, /You said/, 2],
    ["JSON that is no response", [{ kind: "text_malformed", times: 1, body: '{"id":1}' }], 200, /You said/, 2],
    ["a response that failed", [{ kind: "text_failed", code: "server_error", times: 1 }], 200, /You said/, 2],
    ["500 for good", [{ kind: "text_refused", status: 500 }], 503, /OpenAI can not answer at the moment/, 3],
    ["429 with too much patience asked", [{ kind: "text_refused", status: 429, retryAfterMs: 60_000 }], 503, /OpenAI can not answer/, 1],
    ["a quota that is used up", [{ kind: "text_refused", status: 429, code: "insufficient_quota" }], 503, /quota/, 1],
    ["a key that is refused", [{ kind: "text_refused", status: 401 }], 409, /OPENAI_API_KEY/, 1],
    ["an answer that never comes", [{ kind: "text_slow", ms: null }], 504, /took too long/, 1],
  ] as const)("%s", async (_what, faults, status, words, requests) => {
    await using at = await world({ faults });
    await at.tenant.agent("intake");
    const answer = await chat(at, "intake", "Hello");
    expect(answer.status).toBe(status);
    expect(answer.body["error"] ?? answer.body["message"]).toMatch(words);
    expect(at.vendor.texts).toHaveLength(requests);
  });

  test("an answer that was cut is given, and says so", async () => {
    await using at = await world({ faults: [{ kind: "text_incomplete", reason: "max_output_tokens", times: 1 }] });
    await at.tenant.agent("intake");
    const { body } = await chat(at, "intake", "Hello there");
    expect(body["executionMeta"].finishReason).toBe("max_output_tokens");
    expect(body["message"]).toMatch(/^You said/);
  });

  test("a thread whose answer failed goes on", async () => {
    await using at = await world({ faults: [{ kind: "text_refused", status: 401, times: 1 }] });
    await at.tenant.agent("intake");
    expect((await chat(at, "intake", "One", { externalThreadId: "t" })).status).toBe(409);
    expect((await chat(at, "intake", "Two", { externalThreadId: "t" })).body["message"]).toMatch(/You said: Two/);
  });

  test("an agent's settings reach the vendor in words that its model knows", async () => {
    await using at = await world();
    await at.tenant.agent("intake", {
      model: { model: "openai/gpt-6-luna", temperature: 0.4, maxTokens: 300, reasoning: { effort: "minimal" } },
    });
    expect((await chat(at, "intake", "Hello")).status).toBe(200);
    expect(at.vendor.texts[0]?.body).toMatchObject({ model: "gpt-6-luna", max_output_tokens: 300, reasoning: { effort: "low" } });
    expect(at.vendor.texts[0]?.body).not.toHaveProperty("temperature");
  });
});
