import { describe, expect, test } from "vitest";
import {
  entityStore,
  getEntityType,
  getRole,
  getTools,
  listEntityTypes,
  listRoles,
  removeEntityType,
  removeRole,
  removeTools,
  type Scope,
  setAgent,
  setEntityType,
  setRole,
  setTools,
} from "../src/index.ts";
import { aScope, NOW, useDatabase } from "./database.ts";
import { aKeyOf, anEntityType, aRole } from "./entity-build.ts";

const server = useDatabase();

const typeOf = (description: string) => ({
  name: "Note",
  slug: "note",
  schema: { type: "object", properties: { text: { type: "string", description } } },
});

async function agentWith(
  scope: Scope,
  definition: { readonly roles?: readonly string[]; readonly tools?: readonly string[] },
): Promise<void> {
  await setAgent(server.db, scope, {
    slug: "clerk",
    name: "Clerk",
    description: null,
    definition: { slug: "clerk", tools: [], ...definition },
    now: NOW,
  });
}

describe("an entity type", () => {
  test("gets a new version only when its definition changes, and comes back anew after it was removed", async () => {
    const scope = await aScope(server.db);
    const set = (description: string) =>
      setEntityType(server.db, scope, { slug: "note", name: "Note", definition: typeOf(description), now: NOW });
    expect(await set("a")).toMatchObject({ changed: true, row: { version: 1 } });
    expect(await set("a")).toMatchObject({ changed: false, row: { version: 1 } });
    expect(await set("b")).toMatchObject({ changed: true, row: { version: 2, definition: typeOf("b") } });
    expect(await removeEntityType(server.db, scope, "note", NOW)).toEqual({ outcome: "removed" });
    expect(await getEntityType(server.db, scope, "note")).toBeUndefined();
    expect(await set("b")).toMatchObject({ changed: true, row: { version: 1 } });
  });

  test("that many set at once gets one version for each definition", async () => {
    const scope = await aScope(server.db);
    const texts = ["a", "b", "c", "d", "e"];
    const answers = await Promise.all(
      texts.map((text) => setEntityType(server.db, scope, { slug: "note", name: "N", definition: typeOf(text), now: NOW })),
    );
    expect(new Set(answers.map((answer) => answer.row.version))).toEqual(new Set([1, 2, 3, 4, 5]));
  });

  test("that something needs is not removed, and what needs it is named", async () => {
    const scope = await aScope(server.db);
    await anEntityType(server.db, scope, { slug: "note", properties: { next: { type: "string", references: "note" } } });
    await anEntityType(server.db, scope, {
      slug: "book",
      properties: { notes: { type: "array", items: { type: "string", references: "note" } } },
    });
    const role = aRole({ fieldMasks: [{ entityType: "note", fieldPath: "next", maskType: "hide" }] });
    await setRole(server.db, scope, { slug: "reader", name: "Reader", definition: { ...role }, now: NOW });
    const { id } = await entityStore(server.db).create(aKeyOf(scope), { type: "note", data: {} });
    expect(await removeEntityType(server.db, scope, "note", NOW)).toEqual({
      outcome: "in_use",
      entities: 1,
      entityTypes: ["book"],
      roles: ["reader"],
    });
    await entityStore(server.db).delete(aKeyOf(scope), { id });
    expect(await removeEntityType(server.db, scope, "book", NOW)).toEqual({ outcome: "removed" });
    expect(await removeRole(server.db, scope, "reader", NOW)).toEqual({ outcome: "removed" });
    expect(await removeEntityType(server.db, scope, "note", NOW)).toEqual({ outcome: "removed" });
  });
});

test("a role that an agent has is not removed, and the agent is named", async () => {
  const scope = await aScope(server.db);
  await setRole(server.db, scope, { slug: "reader", name: "Reader", definition: { ...aRole() }, now: NOW });
  await agentWith(scope, { roles: ["reader"] });
  expect(await removeRole(server.db, scope, "reader", NOW)).toEqual({ outcome: "in_use", agents: ["clerk"] });
  await agentWith(scope, { roles: [] });
  expect(await removeRole(server.db, scope, "reader", NOW)).toEqual({ outcome: "removed" });
  expect(await removeRole(server.db, scope, "reader", NOW)).toEqual({ outcome: "not_found" });
});

test("tools are one list with versions, and are not removed while an agent names one of them, of an MCP server too", async () => {
  const scope = await aScope(server.db);
  const tools = [{ name: "crm.find", url: "https://crm.example/find" }, { mcp: { name: "books", url: "https://books.example/mcp" } }];
  expect(await setTools(server.db, scope, { tools, now: NOW })).toMatchObject({ changed: true, row: { version: 1, tools } });
  expect(await setTools(server.db, scope, { tools, now: NOW })).toMatchObject({ changed: false });
  for (const tool of ["crm.find", "books.search"]) {
    await agentWith(scope, { tools: ["call.end", tool] });
    expect(await removeTools(server.db, scope, NOW)).toEqual({ outcome: "in_use", agents: ["clerk"] });
  }
  await agentWith(scope, { tools: ["call.end", "bookshop.search"] });
  expect(await removeTools(server.db, scope, NOW)).toEqual({ outcome: "removed" });
  expect(await getTools(server.db, scope)).toBeUndefined();
});

test("definitions are not there for another organization or another environment", async () => {
  const mine = await aScope(server.db);
  await anEntityType(server.db, mine, { slug: "note", properties: {} });
  await setRole(server.db, mine, { slug: "reader", name: "Reader", definition: { ...aRole() }, now: NOW });
  await setTools(server.db, mine, { tools: [], now: NOW });
  for (const stranger of [await aScope(server.db), { ...mine, environment: "eval" } as const]) {
    expect(await listEntityTypes(server.db, stranger)).toEqual([]);
    expect(await getEntityType(server.db, stranger, "note")).toBeUndefined();
    expect(await removeEntityType(server.db, stranger, "note", NOW)).toEqual({ outcome: "not_found" });
    expect(await listRoles(server.db, stranger)).toEqual([]);
    expect(await getRole(server.db, stranger, "reader")).toBeUndefined();
    expect(await removeRole(server.db, stranger, "reader", NOW)).toEqual({ outcome: "not_found" });
    expect(await getTools(server.db, stranger)).toBeUndefined();
    expect(await removeTools(server.db, stranger, NOW)).toEqual({ outcome: "not_found" });
  }
  expect(await listRoles(server.db, mine)).toHaveLength(1);
});
