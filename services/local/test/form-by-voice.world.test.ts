/** A form that is filled on the phone, by an agent whose role may not see one of its fields. */
import { ownerToolName } from "@struere/protocol/openai";
import type { Mind, MindTurn, SimulatedSession } from "@struere/simulators";
import { afterAll, beforeAll, expect, test } from "vitest";
import { syncProject } from "../sync-project.ts";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER } from "./a-world.ts";

const SECRET = "owes us forty euros";
const HELLO = "Practice, hello.";

/** Of the front desk: it takes everything from what the caller says, and tries to see and to write what it may not. */
const mind: Mind = (turn) => {
  const newest = turn.history.findLast((memory) => memory.role !== "system");
  if (newest === undefined || turn.lastUser === null) return { say: HELLO };
  if (newest.role === "tool_output") return { say: SAID[ownerToolName(newest.name ?? "")] ?? "Pardon?" };
  const [, name] = /my name is (\w+)/i.exec(turn.lastUser) ?? [];
  if (name !== undefined) return call("entity.create", { type: "appointment", data: { name, reason: "toothache", phone: CALLER } });
  const [, day] = /on (\d{4}-\d{2}-\d{2})/i.exec(turn.lastUser) ?? [];
  if (day !== undefined) return call("entity.update", { id: idIn(turn), data: { day } });
  if (/what do you know/i.test(turn.lastUser)) return call("entity.query", { type: "appointment" });
  if (/note/i.test(turn.lastUser)) return call("entity.update", { id: idIn(turn), data: { notes: "owes nothing" } });
  return { say: "Goodbye.", toolCalls: [{ name: "call.end" }] };
};
const SAID: { readonly [tool: string]: string } = {
  "entity.create": "I have written it down.",
  "entity.update": "I have tried.",
  "entity.query": "I have looked it up.",
};
const call = (name: string, given: object) => ({ toolCalls: [{ name, arguments: given }] });

function idIn({ history }: MindTurn): string {
  const found = history.flatMap((memory) => (memory.role === "tool_output" ? [/"id":"(ent_\w+)"/.exec(memory.text)?.[1] ?? ""] : []));
  return found.find((id) => id !== "") ?? "";
}

let world: World;
beforeAll(async () => {
  world = await aWorld({ mind });
  await syncProject(world.api, {
    agents: [
      {
        name: "Front desk",
        slug: "desk",
        systemPrompt: 'You take down appointments. Known: {{entity.query({"type":"appointment"})}}',
        tools: ["entity.create", "entity.update", "entity.query", "call.end"],
        roles: ["desk"],
      },
    ],
    entityTypes: [
      {
        name: "Appointment",
        slug: "appointment",
        schema: {
          type: "object",
          properties: {
            name: { type: "string" },
            reason: { type: "string" },
            day: { type: "string", format: "date" },
            phone: { type: "string" },
            notes: { type: "string" },
          },
          required: ["name", "reason"],
        },
      },
    ],
    roles: [
      {
        name: "Desk",
        slug: "desk",
        policies: [{ resource: "appointment", actions: ["create", "read", "list", "update"], effect: "allow" }],
        fieldMasks: [{ entityType: "appointment", fieldPath: "notes", maskType: "hide" }],
      },
    ],
  });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, agent: "desk" });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Everything that the model was ever told: instructions, tools, results. */
const toldTo = (session: SimulatedSession): string => JSON.stringify(session.received.map(({ event }) => event));
const appointments = async () => (await world.api.entities.query.query({ type: "appointment", sort: "createdAt" })).items;

test("the entity is created and updated by voice; the hidden field is neither seen nor written, and stays what the owner made it", async () => {
  await world.api.entities.create.mutate({ type: "appointment", data: { name: "Grace", reason: "braces", notes: SECRET } });

  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(HELLO);
  await call.says("My name is Ada, and my tooth aches.");
  await call.hears("written it down");
  const created = (await appointments()).find(({ data }) => data["name"] === "Ada");
  expect(created).toMatchObject({ version: 1, data: { name: "Ada", reason: "toothache", phone: CALLER } });
  // The owner adds what the desk may not see, while the call goes on.
  await world.api.entities.update.mutate({ id: created?.id ?? "", data: { notes: SECRET } });
  await call.says("Please come on 2026-12-03.");
  await call.hears("I have tried");
  await call.says("What do you know of me?");
  await call.hears("looked it up");
  await call.says("Change the note, please.");
  await call.hears("I have tried");
  await call.says("Thank you.");
  await call.ended;

  const record = await world.recordOf(call.sid);
  const tools = record.events
    .filter(({ name }) => name === "tool.finished")
    .map(({ body }) => {
      const { name, isError } = Object(body["data"]);
      return `${name}: ${isError ? "refused" : "done"}`;
    });
  expect(tools).toEqual(["entity.create: done", "entity.update: done", "entity.query: done", "entity.update: refused"]);
  expect((await appointments()).map(({ data, version }) => ({ data, version }))).toEqual([
    { version: 1, data: { name: "Grace", reason: "braces", notes: SECRET } },
    { version: 3, data: { name: "Ada", reason: "toothache", phone: CALLER, day: "2026-12-03", notes: SECRET } },
  ]);
  const session = world.openai.sessions.at(-1);
  if (!session) throw new Error("the model had no session");
  expect(toldTo(session)).toContain("braces");
  expect(toldTo(session)).not.toContain(SECRET);
  const refusals = session.received.map(({ event }) => JSON.stringify(event["item"] ?? "")).filter((text) => text.includes('{\\"error'));
  expect(refusals).toEqual([expect.stringContaining("notes")]);
});
