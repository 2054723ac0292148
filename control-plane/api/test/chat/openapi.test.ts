import { memoryBus } from "@struere/bus";
import { silentLog, systemClock } from "@struere/runtime";
import { openDatabase } from "@struere/store";
import fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addChatApi } from "../../src/chat/add-chat-api.ts";
import { openApiDocument } from "../../src/chat/openapi.ts";
import { handInjector } from "../../src/injections/hand-injector.ts";
import { OPERATIONS } from "../../src/chat/operations.ts";
import { diallerOf } from "../trpc/server.ts";

/** Nothing here asks it anything. */
const db = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", poolMax: 1, statementTimeoutMs: 1_000 });
const app = fastify();

beforeAll(async () => {
  const deps = { db, scopedDb: () => db, bus: memoryBus(), clock: systemClock(), log: silentLog };
  await addChatApi(app, {
    ...deps,
    text: { chat: () => Promise.reject(new Error("nobody chats")) },
    dialler: diallerOf(db),
    injections: handInjector(deps),
  });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await db.destroy();
});

describe("GET /v1/openapi.json", () => {
  // That it describes every route that there is, rest-access.pg.test.ts shows.
  test("names every operation once", () => {
    expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length);
    expect(new Set(OPERATIONS.map(({ method, path }) => `${method} ${path}`)).size).toBe(OPERATIONS.length);
  });

  test("is answered to everybody, and is what the schemas say", async () => {
    const answer = await app.inject({ method: "GET", url: "/v1/openapi.json" });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(OPERATIONS))));
    const chat = answer.json().paths["/v1/agents/{slug}/chat"].post;
    expect(chat.requestBody.content["application/json"].schema).toMatchObject({
      required: ["message"],
      additionalProperties: false,
      properties: { message: { type: "string", maxLength: 32_000 }, threadId: { type: "string" } },
    });
    expect(chat.parameters).toMatchObject([{ name: "slug", in: "path", required: true }]);
    expect(Object.keys(chat.responses)).toEqual(["200", "400", "401", "403", "404", "409", "429", "503", "504"]);
    expect(answer.json().paths["/v1/calls/{id}/events"].get.responses["200"].content).toHaveProperty("text/event-stream");
  });
});
