import { describe, expect, test } from "vitest";
import {
  afterDetection,
  chooseCallerId,
  chooseCallTarget,
  contextNote,
  contextProblems,
  outboundParams,
  reservedIn,
} from "../src/index.ts";

const HERE = { agents: ["cafe", "reminder"], routers: ["calls"], bound: [] };
const CAFE = { kind: "agent", slug: "cafe" } as const;
const CALLS = { kind: "router", slug: "calls" } as const;

describe("who speaks on a call", () => {
  test.each([
    ["the named agent", { agentSlug: "cafe" }, CAFE],
    ["the named router", { routerSlug: "calls" }, CALLS],
    ["what the numbers are bound to", { bound: [CAFE, CAFE] }, CAFE],
    ["the target of the call in which it is asked for", { here: CALLS, bound: [CAFE] }, CALLS],
  ])("is %s", (_, given, target) => {
    expect(chooseCallTarget({ ...HERE, ...given })).toEqual({ ok: true, value: target });
  });

  test.each([
    ["two are named", { agentSlug: "cafe", routerSlug: "calls" }, /legal: one of them/],
    ["an agent is named that is not there", { agentSlug: "x" }, /there is no agent "x"/],
    ["a router is named that is not there", { routerSlug: "cafe" }, /there is no router "cafe"/],
    ["nobody is named or bound", {}, /no number is bound/],
    ["nobody is named and the numbers differ", { bound: [CAFE, CALLS] }, /bound to different ones/],
  ])("is a problem with the legal slugs when %s", (_, given, sentence) => {
    const chosen = chooseCallTarget({ ...HERE, ...given });
    expect(chosen.ok ? "" : chosen.problem).toMatch(sentence);
    expect(chosen.ok ? "" : chosen.problem).toContain('agentSlug: "cafe", "reminder"; for routerSlug: "calls"');
  });
});

describe("the number that is called from", () => {
  const numbers = [
    { phoneNumber: "+14155550001", target: CAFE },
    { phoneNumber: "+14155550002", target: CALLS },
  ];
  const question = { target: CALLS, numbers, environment: "development" };

  test("is the given one, else the one of the running call, else the speaker's, else the only one", () => {
    expect(chooseCallerId({ ...question, given: "+14155550001" })).toMatchObject({ value: "+14155550001" });
    expect(chooseCallerId({ ...question, here: "+14155550001" })).toMatchObject({ value: "+14155550001" });
    expect(chooseCallerId(question)).toMatchObject({ value: "+14155550002" });
    expect(chooseCallerId({ ...question, numbers: numbers.slice(0, 1) })).toMatchObject({ value: "+14155550001" });
  });

  test("is a problem when there is none, it is not connected, or it is not clear", () => {
    const target = { kind: "agent", slug: "reminder" } as const;
    expect(chooseCallerId({ ...question, numbers: [] })).toMatchObject({ problem: expect.stringContaining("no connected phone number") });
    expect(chooseCallerId({ ...question, given: "+14155559999" })).toMatchObject({
      problem: expect.stringContaining("legal: +14155550001"),
    });
    expect(chooseCallerId({ ...question, target })).toMatchObject({ problem: expect.stringContaining("not clear") });
  });
});

describe("what an agent is told", () => {
  const entity = { id: "ent_1", data: { item: "cake" } };
  const params = outboundParams({
    metadata: { guest: "Ada" },
    entityType: "order",
    entityId: "ent_1",
    entity,
    parent: { shop: "Luna", guest: "old", callerNumber: "+1" },
  });

  test("is the metadata over the asking conversation's parameters, and the entity; never the other conversation's number", () => {
    expect(params).toMatchObject({ guest: "Ada", shop: "Luna", entityType: "order", entityId: "ent_1", entity });
    expect(params).not.toHaveProperty("callerNumber");
    expect(reservedIn({ callerNumber: 1, entity: 2, guest: 3 })).toEqual(["callerNumber", "entity"]);
  });

  test("stands behind its instructions as JSON, and not at all on a call that came in", () => {
    expect(contextNote(params)).toContain('"entityType":"order","entityId":"ent_1","entity":{"id":"ent_1"');
    expect(contextNote(outboundParams({ metadata: {} }))).toContain("You have placed this call");
    expect(contextNote({ callerNumber: "+1" })).toBe("");
  });

  test("is complete, or says what is missing", () => {
    const agent = {
      slug: "reminder",
      params: [
        { name: "guest", type: "string", required: true },
        { name: "table", type: "number" },
      ],
    } as const;
    expect(contextProblems(agent, { guest: "Ada" })).toEqual([]);
    expect(contextProblems(agent, { table: "7" })).toHaveLength(2);
  });
});

test.each([
  ["treat_as_human", "machine_start", "go_on"],
  ["hang_up", "machine_start", "hang_up"],
  ["hang_up", "fax", "hang_up"],
  ["hang_up", "human", "go_on"],
  ["hang_up", "unknown", "go_on"],
  ["hang_up", "something_new", "go_on"],
  ["leave_message", "machine_start", "go_on"],
  ["leave_message", "machine_end_beep", "leave_message"],
  ["leave_message", "machine_end_silence", "leave_message"],
  ["leave_message", "fax", "hang_up"],
  ["leave_message", "human", "go_on"],
] as const)("%s and %s: %s", (policy, word, then) => {
  expect(afterDetection(policy === "leave_message" ? { policy, message: "x" } : { policy }, word)).toBe(then);
});
