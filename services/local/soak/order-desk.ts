/**
 * An agent that does two things for every caller at once: it orders with the owner's server, and writes down a delivery. Both are named by the
 * caller's number, so that whatever was done can be counted per call.
 */
import { type Mind, type MindTurn, type PhoneCall, scriptedMind } from "@struere/simulators";
import type { ProjectFiles } from "../sync-project.ts";

export const PLACE_ORDER = "place_order";
export const DELIVERY = "delivery";
export const ORDER_DESK = "order-desk";

export function orderDesk(serverUrl: string): ProjectFiles {
  const order = { type: "string", description: "Number of the caller who orders" } as const;
  return {
    agents: [
      {
        name: "Order desk",
        slug: ORDER_DESK,
        systemPrompt: "You take orders. The caller's number is {{threadContext.params.callerNumber}}.",
        tools: [PLACE_ORDER, "entity.create", "call.end"],
      },
    ],
    entityTypes: [
      { name: "Delivery", slug: DELIVERY, schema: { type: "object", properties: { caller: { type: "string" } }, required: ["caller"] } },
    ],
    tools: [
      {
        name: PLACE_ORDER,
        description: "Places an order.",
        parameters: { type: "object", properties: { order }, required: ["order"] },
        url: serverUrl,
        timeoutMs: 15_000,
      },
    ],
  };
}

const GREETING = "Orders, hello.";
const DONE = "It is ordered.";
const UNSURE = "I do not know whether that was done.";

/** @param onToolCalls hears of the two calls just before the model makes them. */
export function orderMind(onToolCalls: (caller: string) => void): Mind {
  const script = scriptedMind({
    greeting: GREETING,
    lines: [{ when: /bye/i, say: "Goodbye.", call: { name: "call.end" } }],
    otherwise: "One moment.",
  });
  return (turn) => {
    const newest = turn.history.findLast((memory) => memory.role !== "system");
    if (newest?.role === "tool_output") return { say: results(turn).some((text) => text.startsWith('{"error"')) ? UNSURE : DONE };
    if (!/order/i.test(turn.lastUser ?? "") || turn.purpose === "filler" || hasCalled(turn)) return script(turn);
    const caller = callerIn(turn.instructions);
    onToolCalls(caller);
    return {
      toolCalls: [
        { name: PLACE_ORDER, arguments: { order: caller } },
        { name: "entity.create", arguments: { type: DELIVERY, data: { caller } } },
      ],
    };
  };
}

const results = ({ history }: MindTurn) => history.flatMap((memory) => (memory.role === "tool_output" ? [memory.text] : []));
const hasCalled = ({ history }: MindTurn) => history.some((memory) => memory.role === "tool_call");

export function callerIn(instructions: string): string {
  return /number is (\+\d+)/.exec(instructions)?.[1] ?? "";
}

/** As long as a tool may take, and what is said around it. */
const RESULT_WITHIN_MS = 45_000;

/** Ends when the call is over, however that comes. */
export async function orderCall(call: PhoneCall): Promise<void> {
  await call.hears(GREETING, { withinMs: RESULT_WITHIN_MS });
  await call.says("My order, please.");
  const heard = await call.hears(/ordered|do not know|went wrong/i, { withinMs: RESULT_WITHIN_MS });
  if (!/went wrong/i.test(heard)) await call.says("Bye.");
  await call.ended;
}
