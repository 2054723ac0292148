/** A router with two agents: one hands the caller to the other, who fills a form as they speak, with the rights of its role. */
import { isDeepStrictEqual } from "node:util";
import { ownerToolName } from "@struere/protocol/openai";
import type { Memory, MindReply, MindTurn } from "@struere/simulators";
import { defineAgent, defineData, defineRole, defineRouter } from "struere";
import { table, title } from "./show.ts";
import type { Scene } from "./scene.ts";

const intake = defineAgent({
  name: "Intake",
  slug: "intake",
  systemPrompt: "You are the front desk of Bright Telecom. Ask for the caller's name, and hand over to whoever can help.",
  tools: ["router.transfer"],
});

const support = defineAgent({
  name: "Support",
  slug: "support",
  systemPrompt: "You are the SUPPORT desk of Bright Telecom. Write down the fault as a ticket, keep it up to date, and say goodbye.",
  tools: ["entity.create", "entity.update", "call.end"],
  roles: ["support-desk"],
});

const phones = defineRouter({
  name: "Bright Telecom",
  slug: "bright-telecom",
  mode: "classify",
  agents: [
    { slug: "intake", description: "Greets, and asks for the name" },
    { slug: "support", description: "Repairs lines that the caller has reported before" },
  ],
  classifyModel: { model: "openai/gpt-6.1-terra" },
  fallback: "intake",
  voiceConfig: { voice: "coral" },
});

const ticket = defineData({
  name: "Ticket",
  slug: "ticket",
  schema: {
    type: "object",
    properties: {
      caller: { type: "string" },
      fault: { type: "string" },
      urgent: { type: "boolean" },
      credit: { type: "integer", description: "What the caller is owed; not for the desk" },
    },
    required: ["caller", "fault"],
  },
});

const desk = defineRole({
  name: "Support desk",
  slug: "support-desk",
  policies: [{ resource: "ticket", actions: ["create", "read", "update"], effect: "allow" }],
  fieldMasks: [{ entityType: "ticket", fieldPath: "credit", maskType: "hide" }],
});

const GREETING = "Bright Telecom. Your name, please?";
const HANDING_OVER = "I hand you to support, Ada.";
const WRITING = "Support here. I write it down.";
const WRITTEN = "It is written down. Is it urgent?";
const UPDATED = "Then we come today. Goodbye!";
const [COMPLAINT, YES] = ["Ada Lovelace. My line is dead.", "Yes, very."];

const SPOKEN = [
  `intake: ${GREETING}`,
  `caller: ${COMPLAINT}`,
  `intake: ${HANDING_OVER}`,
  `support: ${WRITING}`,
  `support: ${WRITTEN}`,
  `caller: ${YES}`,
  `support: ${UPDATED}`,
];
const TOOLS = ["router.transfer", "entity.create", "entity.update"];

export const supportDesk: Scene = {
  title: "A support desk: a router, a handoff, and a form that is filled by voice",
  project: { agents: [intake, support], routers: [phones], entityTypes: [ticket], roles: [desk] },
  answeredBy: { router: "bright-telecom" },
  mind,

  async caller(call) {
    await call.hears(GREETING);
    await call.says(COMPLAINT);
    await call.hears(HANDING_OVER);
    await call.hears(WRITTEN);
    await call.says(YES);
    await call.hears("Goodbye!");
    await call.ended;
  },

  async judge({ world, record, check }) {
    const { items } = await world.api.entities.query.query({ type: "ticket" });
    const [filled] = items;
    title(`The ticket ${filled?.id ?? ""}, version ${filled?.version ?? 0}`);
    table(
      [{ name: "field" }, { name: "value" }],
      Object.entries(filled?.data ?? {}).map(([field, value]) => [field, JSON.stringify(value)]),
    );
    const changes = record.events.filter(({ name }) => name === "agent.changed").map(({ body }) => body["data"]);
    const handoff = { from: "intake", to: "support", by: "tool" };
    check("intake handed the call to support, once", isDeepStrictEqual(changes, [handoff]), JSON.stringify(changes));
    const spoken = record.utterances.map(({ speaker, agent, text }) => `${speaker === "agent" ? agent : "caller"}: ${text}`);
    check("the record says who of them spoke", isDeepStrictEqual(spoken, SPOKEN), spoken.join(" | "));
    const ran = record.events.filter(({ name }) => name === "tool.finished").map(({ body }) => body["data"] as Finished);
    check(
      "each tool ran once, and none failed",
      isDeepStrictEqual(
        ran.map(({ name, isError }) => ({ name, isError })),
        TOOLS.map((name) => ({ name, isError: false })),
      ),
      JSON.stringify(ran),
    );
    check(
      "the ticket holds what the caller said, and was created once",
      items.length === 1 && isDeepStrictEqual(filled?.data, { caller: "Ada Lovelace", fault: "My line is dead", urgent: true }),
      JSON.stringify(items.map(({ data }) => data)),
    );
  },
};

interface Finished {
  readonly name: string;
  readonly isError: boolean;
}

/** Of both agents, and of the router's classifier. It takes the words for the form from what the caller says. */
function mind(turn: MindTurn): MindReply {
  if (turn.format) return { answer: { agent: /ada lovelace/i.test(turn.lastUser ?? "") ? "intake" : "support" } };
  const newest = turn.history.findLast((memory) => memory.role !== "system");
  if (newest?.role === "tool_output") return afterTool(turn, newest);
  if (turn.lastUser === null) return { say: GREETING };
  if (turn.instructions.includes("front desk"))
    return { say: HANDING_OVER, toolCalls: [{ name: "router.transfer", arguments: { agent: "support" } }] };
  return { toolCalls: [{ name: "entity.update", arguments: { id: ticketOf(turn), data: { urgent: /yes/i.test(turn.lastUser) } } }] };
}

function afterTool(turn: MindTurn, { name }: ToolOutput): MindReply {
  switch (ownerToolName(name ?? "")) {
    case "router.transfer": {
      const [caller, fault] = (turn.lastUser ?? "").split(". ").map((words) => words.replace(/\.$/, ""));
      return { say: WRITING, toolCalls: [{ name: "entity.create", arguments: { type: "ticket", data: { caller, fault } } }] };
    }
    case "entity.create":
      return { say: WRITTEN };
    default:
      return { say: UPDATED, toolCalls: [{ name: "call.end" }] };
  }
}

type ToolOutput = Extract<Memory, { readonly role: "tool_output" }>;

/** The id that entity.create has answered. */
function ticketOf({ history }: MindTurn): string {
  const ids = history.flatMap((memory) => (memory.role === "tool_output" ? [/"id":"(ent_\w+)"/.exec(memory.text)?.[1] ?? ""] : []));
  return ids.find((id) => id !== "") ?? "";
}
