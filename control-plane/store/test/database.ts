/** A migrated database of its own for a test file, and the rows that every test needs. */
import { Fault, type OrganizationId } from "@struere/kernel";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll } from "vitest";
import { createCall, createOrganization, type CallToCreate, type Db, newCallIds, type Scope, setAgent } from "../src/index.ts";

export const NOW = new Date("2026-11-22T10:00:00.000Z");
export const later = (ms: number): Date => new Date(NOW.getTime() + ms);

/** Comes with the file and goes with it. */
export function useDatabase(): { readonly db: Db; readonly url: string } {
  let database: TestDatabase | undefined;
  const there = (): TestDatabase => {
    if (!database) throw new Fault("failed_precondition", "the database is there once the tests run");
    return database;
  };
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  });
  return {
    get db() {
      return there().db;
    },
    get url() {
      return there().url;
    },
  };
}

export async function anOrganization(db: Db, name = "Acme"): Promise<OrganizationId> {
  return await createOrganization(db, { name, now: NOW });
}

export async function aScope(db: Db): Promise<Scope> {
  return { organizationId: await anOrganization(db), environment: "production" };
}

export async function anAgent(db: Db, scope: Scope, slug = "intake") {
  const definition = { slug, name: "Intake", systemPrompt: "You take down orders.", tools: [] };
  const { agent } = await setAgent(db, scope, { slug, name: "Intake", description: null, definition, now: NOW });
  return agent;
}

let sids = 0;
export const aSid = (prefix: "CA" | "MZ" | "AC" | "PN"): string => prefix + (++sids).toString(16).padStart(32, "0");
export const ACCOUNT = `AC${"a".repeat(32)}`;

export async function aCall(db: Db, scope: Scope, overrides: Partial<CallToCreate> = {}) {
  const ids = newCallIds();
  const { organizationId, environment } = scope;
  const { call } = await createCall(db, scope, {
    ...ids,
    direction: "inbound",
    from: "+14155550100",
    to: "+14155550199",
    accountSid: ACCOUNT,
    callSid: aSid("CA"),
    connectionId: null,
    agent: null,
    router: null,
    nodeId: null,
    now: NOW,
    config: {
      ...ids,
      organizationId,
      environment,
      direction: "CALL_DIRECTION_INBOUND",
      from: "+14155550100",
      to: "+14155550199",
      agent: { slug: "intake", name: "Intake", version: 1, instructions: "You take down orders.", tools: [] },
      voice: { model: "gpt-realtime-2.1-mini", voice: "alloy", semanticVad: { eagerness: "medium" }, transcriptionModel: "gpt-transcribe" },
      limits: { maxDurationMs: 3_600_000 },
      history: [],
    },
    ...overrides,
  });
  return call;
}
