/** voice.call: an agent, in writing or on the phone, has a person called. */
import type { ToolArguments } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { describeProblems } from "struere";
import { UnclearPlacement } from "../outbound/ask-twilio.ts";
import { ToolCallInput } from "../outbound/order.ts";
import { UnknownOutcome } from "./guard/guarded-request.ts";
import type { ToolPlan } from "./tool-plan.ts";
import type { ToolRequest, ToolServices } from "./tool-request.ts";

/** The turn to dial, Twilio's answer, and looking for a leg whose answer was lost. */
const PLACE_MS = 45_000;

/** @throws Fault invalid_argument */
export function planVoiceCall({ dialler }: Pick<ToolServices, "dialler">, request: ToolRequest, given: ToolArguments): ToolPlan {
  const { success, data, error } = ToolCallInput.safeParse(given);
  if (!success) throw new Fault("invalid_argument", describeProblems(error).replaceAll("\n", "; "));
  const { scope, agent, threadId, call, idempotencyKey } = request;
  return {
    kind: "outside",
    maxMs: PLACE_MS,
    async work(signal) {
      try {
        const {
          callSid,
          status,
          callId,
          threadId: thread,
        } = await dialler.place({
          scope,
          order: data,
          by: { kind: "agent", agent, threadId, ...(call ? { call } : {}) },
          // Twice the same tool call, once the phone.
          idempotencyKey: `tool:${idempotencyKey}`,
          signal,
        });
        return { output: { callSid, status, callId, threadId: thread } };
      } catch (thrown) {
        if (thrown instanceof UnclearPlacement) throw new UnknownOutcome(thrown.sentence, { cause: thrown });
        throw thrown;
      }
    },
  };
}
