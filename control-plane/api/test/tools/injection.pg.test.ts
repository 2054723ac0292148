/**
 * Words that want to be orders, wherever they can come in: as what a model makes of them in arguments, as template values, as entity fields and
 * as answers of tools. The model is taken to obey every one of them; what it may do is decided in code.
 */
import { type Db, entityStore } from "@struere/store";
import { INJECTIONS, type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillPrompt } from "../../src/templates/index.ts";
import {
  aCallersRole,
  agentWith,
  aToolsWorld,
  bookTool,
  type OwnersServer,
  outputOf,
  ownersServer,
  type ToolsWorld,
  withTools,
} from "./world.ts";

const SECRET_NOTE = "the-note-of-somebody-else";
const NAMED = "+14155550123";
const OTHERS_NUMBER = "+14155550177";

let database: TestDatabase;
let owners: OwnersServer;
let world: ToolsWorld;
let db: Db;
beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  owners = await ownersServer();
  world = await aToolsWorld(db);
  await aCallersRole(db, world.scope);
  await withTools(db, world.scope, [bookTool(`${owners.url}/book`)]);
  const entities = entityStore(db);
  await entities.create(
    { kind: "key", ...world.scope },
    { type: "order", data: { item: "cake", note: SECRET_NOTE, phone: OTHERS_NUMBER } },
  );
});
afterAll(async () => {
  await owners[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const TOOLS = ["entity.query", "entity.get", "entity.update", "router.transfer", "call.transfer", "call.sendDigits"];
const onCall = () => ({
  call: world.call,
  threadId: world.call.thread_id,
  agent: agentWith(TOOLS, { roles: ["callers"], systemPrompt: `People are at ${NAMED}.` }),
});
const everything = async () => JSON.stringify((await entityStore(db).query({ kind: "key", ...world.scope }, { type: "order" })).items);

test("the corpus is large enough to mean something", () => {
  expect(new Set(INJECTIONS).size).toBeGreaterThanOrEqual(60);
});

describe.each(INJECTIONS.map((words) => [words.slice(0, 60), words] as const))("%s", (_title, words) => {
  test("does nothing as an argument of any tool, beyond what policy allows", async () => {
    const before = await everything();
    const tries: readonly (readonly [string, unknown])[] = [
      ["entity.query", { type: words }],
      ["entity.query", { type: "order", filters: { phone: words } }],
      ["entity.query", { type: "order", filters: { [words.slice(0, 200)]: "x" } }],
      ["entity.query", { type: "order", status: words }],
      ["entity.query", words],
      ["entity.get", { id: words }],
      ["entity.update", { id: words, data: { note: words } }],
      ["entity.delete", { id: words }],
      ["entity.create", { type: "order", data: { item: words } }],
      ["router.transfer", { agent: words }],
      ["call.transfer", { phoneNumber: words }],
      // A number that the author named may be called, whoever says it.
      ["call.transfer", { phoneNumber: (/\+\d+/.exec(words)?.[0] ?? words).replace(NAMED, "") }],
      ["call.sendDigits", { digits: words }],
      ["book_table", { people: 2, name: words }],
      [words, {}],
    ];
    for (const [name, given] of tries) {
      const outcome = await world.run(name, given, onCall());
      expect(outcome.outputJson).not.toContain(SECRET_NOTE);
      expect(outcome.outputJson).not.toContain("whsec_0");
      expect(outcome).not.toHaveProperty("effect");
      expect(outcome).not.toHaveProperty("handoff");
    }
    expect(await everything()).toBe(before);
    expect(world.redirected).toEqual([]);
    expect(owners.received).toEqual([]);
  });

  test("stands in a prompt as it is, from parameters, from entities and from tools, and is not read again", async () => {
    const { scope } = world;
    const entity = await entityStore(db).create(
      { kind: "key", ...scope },
      { type: "order", data: { item: words, phone: world.call.from_number } },
    );
    owners.answers.set("/book", () => ({ type: "text/plain", body: words }));
    const { text } = await fillPrompt(world.services, {
      scope,
      agent: agentWith([], {
        roles: ["callers"],
        systemPrompt: [
          "{{threadContext.params.words}}",
          '{{entity.query({"type":"order","filters":{"item":"{{threadContext.params.words}}"}})}}',
          '{{book_table({"people":1})}}',
        ].join("\n--\n"),
      }),
      thread: { id: world.threadId, channel: "voice", params: { words } },
      callerNumber: world.call.from_number,
      message: words,
      withinMs: 5_000,
    });
    const [first, second, third] = text.split("\n--\n");
    expect(first).toBe(words);
    expect(third).toBe(words);
    if (words.length < 1_000) expect(JSON.parse(second ?? "")).toMatchObject([{ id: entity.id, data: { item: words } }]);
    expect(text).not.toContain(SECRET_NOTE);
    if (!words.includes(scope.organizationId)) expect(text).not.toContain(scope.organizationId);
    expect(owners.received).toHaveLength(1);
    owners.received.length = 0;
    await entityStore(db).delete({ kind: "key", ...scope }, { id: entity.id });
  });

  test("is data when a tool answers it", async () => {
    owners.answers.set("/book", () => ({ body: JSON.stringify({ said: words }) }));
    const outcome = await world.run("book_table", { people: 1 });
    expect(outputOf(outcome)).toEqual({ said: words });
    expect(outcome).toEqual({ outputJson: outcome.outputJson, isError: false });
    owners.received.length = 0;
  });
});
