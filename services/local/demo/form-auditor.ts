/** A second mind on the call: the documentation's Form Auditor, letter by letter, corrects what the agent got wrong, and ends the call. */
import { isDeepStrictEqual } from "node:util";
import { type Mind, scriptedMind } from "@struere/simulators";
import { defineAgent, defineData, defineRouter } from "struere";
import { auditedBy, formAuditor } from "../minds/form-auditor.ts";
import type { CallRecord, World } from "../world.ts";
import { table, title } from "./show.ts";
import type { Scene } from "./scene.ts";

const auditor = defineAgent({
  name: "Form Auditor",
  slug: "form-auditor",
  systemPrompt: `You validate data collected during voice calls.
When you detect incorrect or missing data, use voice.inject to correct the caller.
When all required fields are filled, use voice.inject with action "complete".`,
  model: { model: "openai/gpt-5-mini" },
  tools: ["entity.query", "entity.update", "voice.inject"],
});

const phoneSupport = defineRouter({
  name: "Phone Support",
  slug: "phone-support",
  mode: "classify",
  agents: [
    { slug: "intake-agent", description: "Handles new caller intake and data collection" },
    { slug: "support-agent", description: "Handles technical support questions" },
  ],
  classifyModel: { model: "openai/gpt-5-mini" },
  fallback: "intake-agent",
  voiceConfig: {
    provider: "openai-realtime",
    model: "gpt-realtime-mini",
    voice: "coral",
    auditorAgent: "form-auditor",
    pollInterval: 5000,
    turnDetection: {
      type: "semantic_vad",
      eagerness: "medium",
    },
    noiseReduction: "near_field",
  },
});

const intake = defineAgent({
  name: "Intake Agent",
  slug: "intake-agent",
  systemPrompt: "You ask for the order number, store it, and read it back.",
  tools: ["entity.create"],
});

const support = defineAgent({ name: "Support Agent", slug: "support-agent", systemPrompt: "You answer technical questions.", tools: [] });

const order = defineData({
  name: "Order",
  slug: "order",
  schema: { type: "object", properties: { number: { type: "string" } }, required: ["number"] },
});

const [GREETING, WRONG, RIGHT] = [
  "Hello! What is your order number?",
  "I have noted order number 4117.",
  "Sorry, your order number is 4711.",
];
const CLOSING = "Your order is complete. Thank you, and goodbye!";

const voice: Mind = scriptedMind({
  greeting: GREETING,
  lines: [
    { when: ({ format }) => format !== null, answer: { agent: "intake-agent" } },
    {
      when: /my order number is/i,
      call: { name: "entity.create", arguments: { type: "order", data: { number: "4117" } } },
      thenSay: WRONG,
    },
  ],
  otherwise: "Thank you.",
});

export const formAudit: Scene = {
  title: "An auditor: the agent gets a number wrong, and is put right in its own voice",
  project: { agents: [auditor, intake, support], routers: [phoneSupport], entityTypes: [order] },
  answeredBy: { router: "phone-support" },
  mind: auditedBy(
    formAuditor({
      entityType: "order",
      fields: [{ name: "number", stated: /my order number is (\d+)/i, readBack: /order number (?:is )?(\d+)/i }],
      correction: (_field, right) => `Sorry, your order number is ${right}.`,
      closing: CLOSING,
    }),
    voice,
  ),

  async caller(call) {
    await call.hears(GREETING);
    await call.says("My order number is 4711.");
    await call.hears(WRONG);
    await call.hears(RIGHT);
    await call.says("Yes, that is right.");
    await call.hears(CLOSING);
    await call.ended;
  },

  async judge({ world, call, record, check }) {
    const { audits, injections } = await settled(world, record.id);
    title("What the auditor did");
    table(
      [{ name: "" }, { name: "said" }, { name: "became" }, { name: "heard", right: true }],
      injections.map(({ action, message, outcome, heardMs }) => [action, message, outcome ?? "", `${heardMs ?? 0} ms`]),
    );
    const receipts = injections.map(({ action, outcome }) => `${action} ${outcome}`);
    check(
      "each injection was spoken, and has one receipt",
      isDeepStrictEqual(receipts, ["correction spoken", "complete spoken"]),
      receipts.join(),
    );
    const said = call.heard.filter(({ text, complete }) => text === RIGHT && complete).length;
    check("the caller heard the correction once, in the agent's voice", said === 1, `${said} times`);
    check("the auditor ended the call, and its closing words were heard", record.reason === "auditor_completed", record.reason ?? "");
    const { items } = await world.api.entities.query.query({ type: "order" });
    const numbers = items.map(({ data }) => data["number"]);
    check("the form holds what the caller said, not what the agent understood", isDeepStrictEqual(numbers, ["4711"]), numbers.join());
    check(
      "one audit at a time",
      audits.every(({ startedAt }, index) => index === 0 || startedAt >= (audits[index - 1]?.endedAt ?? "")),
    );
  },
};

const LOOK_EVERY_MS = 100;
const LOOKS = 50;

/** The last receipt comes with the end of the call. */
async function settled(world: World, id: CallRecord["id"]): Promise<CallRecord> {
  for (let look = 1; ; look++) {
    const record = await world.api.calls.get.query({ id });
    if (look === LOOKS || record.injections.every(({ outcome }) => outcome !== null)) return record;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
