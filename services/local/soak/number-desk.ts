/**
 * An order desk with an auditor, and callers whom the agent understands wrong now and then, by the seed: what the audited calls of the soak
 * run and their small sibling in the tests are made of.
 */
import { type Mind, type SimulatedFault, scriptedMind } from "@struere/simulators";
import { AgentDefinition, EntityTypeDefinition, RouterDefinition } from "struere";
import { auditedBy, formAuditor } from "../minds/form-auditor.ts";

export const GREETING = "Order desk. What is your order number?";
export const CLOSING = "Your order is complete.";
/** To words that make no sense: a line that stands still for a moment breaks a sentence in two. */
export const UNCLEAR = "Pardon, once more please?";
/** A long sentence that callers cut short; its last words are heard by nobody then. */
const LONG_TAIL = "and we deliver between eight and twelve, at the back door, on every working day of the week";

export const NUMBER_DESK = {
  agents: [
    { name: "Order desk", slug: "order-desk", systemPrompt: "You ask for the order number, and read it back.", tools: [] },
    {
      name: "Form Auditor",
      slug: "form-auditor",
      systemPrompt: "You validate data collected during voice calls.",
      model: { model: "openai/gpt-6.1-terra" },
      tools: ["entity.query", "entity.update", "voice.inject"],
    },
  ].map((agent) => AgentDefinition.parse(agent)),
  routers: [
    RouterDefinition.parse({
      name: "Orders",
      slug: "orders",
      mode: "rules",
      agents: [{ slug: "order-desk" }],
      rules: [{ conditions: [{ field: "channel", operator: "eq", value: "voice" }], route: "order-desk" }],
      fallback: "order-desk",
      voiceConfig: { auditorAgent: "form-auditor", pollInterval: 3_000 },
    }),
  ],
  entityTypes: [
    EntityTypeDefinition.parse({
      name: "Order",
      slug: "order",
      schema: { type: "object", properties: { phone: { type: "string" }, number: { type: "string" } }, required: ["phone", "number"] },
    }),
  ],
  roles: [],
  tools: [],
};

export const numberOf = (index: number): string => String(100_000 + ((index * 7_919) % 900_000));

/** The agent turns two digits round. */
export const wrongOf = (number: string): string => `${number.slice(0, 4)}${number[5]}${number[4]}`;

/** Whether the agent makes a mistake in this call, and whether the caller cuts in while it reads back. */
export function fateOf(number: string, seed: number): { readonly mistaken: boolean; readonly cutsIn: boolean } {
  const place = (Number(number) * 2_654_435_761 + seed * 40_503) >>> 0;
  return { mistaken: place % 100 < 40 && wrongOf(number) !== number, cutsIn: (place >>> 8) % 100 < 25 };
}

export const correctionOf = (number: string): string => `Sorry, your order number is ${number}.`;

export function numberDeskMind(seed: number): Mind {
  const auditor = formAuditor({
    entityType: "order",
    fields: [{ name: "number", stated: /my order number is (\d+)/i, readBack: /order number (?:is )?(\d+)/i }],
    correction: (_field, right) => correctionOf(right),
    closing: CLOSING,
    isMine: ({ phone }, { call }) => phone === call.callerNumber,
  });
  const readBack: Mind = ({ lastUser }) => {
    const number = /my order number is (\d+)/i.exec(lastUser ?? "")?.[1] ?? "";
    const { mistaken, cutsIn } = fateOf(number, seed);
    return { say: `I have noted order number ${mistaken ? wrongOf(number) : number}.${cutsIn ? ` Thank you for it, ${LONG_TAIL}.` : ""}` };
  };
  const desk = scriptedMind({
    greeting: GREETING,
    lines: [
      { when: /\bone moment\b/i, say: "I am listening." },
      { when: /that is all/i, say: "Thank you." },
    ],
    otherwise: (turn) => (/my order number is/i.test(turn.lastUser ?? "") ? readBack(turn) : { say: UNCLEAR }),
  });
  return auditedBy(auditor, desk);
}

/** What the simulated model does to requests of ours: refuses three in ten, and lets five in a hundred go unanswered. */
export const REQUEST_FAULTS: readonly SimulatedFault[] = [
  { kind: "reject_create", probability: 0.3 },
  { kind: "ignore_create", probability: 0.05 },
];
