/** call.end, call.transfer, call.sendDigits: what an agent does with the line. */
import {
  areDigits,
  numbersInInstructions,
  telephonyRate,
  type ToolArguments,
  transferRefusal,
  type TransferRefusal,
} from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Call, type Db, dropTransfer, findRateCard, recordTransfer } from "@struere/store";
import { z } from "zod";
import { dialPerson } from "./dial-twiml.ts";
import { UnknownOutcome } from "./guard/guarded-request.ts";
import type { ToolPlan } from "./tool-plan.ts";
import type { ToolRequest, ToolServices } from "./tool-request.ts";

const Transfer = z.object({ phoneNumber: z.string(), reason: z.exactOptional(z.string()) });
const Digits = z.object({ digits: z.string() });

/** Twilio answers within ten seconds, or is taken for away. */
const REDIRECT_MS = 12_000;

/** @throws Fault */
export function planCallTool(
  services: Pick<ToolServices, "db" | "clock" | "redirector" | "dialActionUrl">,
  request: ToolRequest,
  given: ToolArguments,
): ToolPlan {
  const { call } = request;
  if (call?.status !== "active") throw new Fault("failed_precondition", `${request.name} works only while a phone call is going on`);
  switch (request.name) {
    case "call.end":
      return { kind: "transaction", work: async () => ({ output: { ending: true }, effect: { kind: "end_call" } }) };
    case "call.sendDigits": {
      const { digits } = Digits.parse(given);
      if (!areDigits(digits)) throw new Fault("invalid_argument", "digits is not legal; legal: 1 to 32 of 0-9, *, # and w");
      return { kind: "transaction", work: async () => ({ output: { sent: digits }, effect: { kind: "send_digits", digits } }) };
    }
    default:
      return planTransferToPerson(services, request, call, Transfer.parse(given).phoneNumber);
  }
}

function planTransferToPerson(
  { db, clock, redirector, dialActionUrl }: Pick<ToolServices, "db" | "clock" | "redirector" | "dialActionUrl">,
  { scope, agent }: ToolRequest,
  call: Call,
  phoneNumber: string,
): ToolPlan {
  const refusal = transferRefusal(phoneNumber, { systemPrompt: agent.systemPrompt, from: call.from_number, to: call.to_number });
  if (refusal !== undefined) throw refusalFault(refusal, agent.systemPrompt);
  const callSid = call.twilio_call_sid;
  if (callSid === null) throw new Fault("failed_precondition", "the call is not connected yet");
  // What the person sees: our own number, whoever dialled whom.
  const callerId = call.direction === "inbound" ? call.to_number : call.from_number;
  return {
    kind: "outside",
    maxMs: REDIRECT_MS,
    async work() {
      await checkPriced(db, call, phoneNumber);
      const twiml = dialPerson({ phoneNumber, callerId, actionUrl: dialActionUrl() });
      await recordTransfer(db, scope, { callId: call.id, toNumber: phoneNumber, now: new Date(clock.wall()) });
      try {
        await redirector.redirect(scope, { accountSid: call.twilio_account_sid, callSid, twiml });
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === "unavailable") throw new UnknownOutcome(thrown.sentence, { cause: thrown });
        await dropTransfer(db, call.id);
        throw thrown;
      }
      return { output: { transferred: true, phoneNumber }, effect: { kind: "transferred" } };
    },
  };
}

/** The leg is billed by the prices of its call; where those do not reach, nobody is connected. */
async function checkPriced(db: Db, call: Call, called: string): Promise<void> {
  const card = call.rate_card_version === null ? undefined : await findRateCard(db, call.rate_card_version);
  const rate = card && telephonyRate(card, { direction: "outbound", called });
  if (rate && !rate.ok) throw new Fault("failed_precondition", rate.problem.detail);
}

function refusalFault(refusal: TransferRefusal, systemPrompt: string): Fault {
  const legal = numbersInInstructions(systemPrompt).join(", ") || "none";
  switch (refusal) {
    case "not_a_number":
      return new Fault("invalid_argument", `phoneNumber is not in E.164 form; legal: ${legal}`);
    case "not_in_instructions":
      return new Fault(
        "permission_denied",
        `Permission denied: calls go only to numbers that the agent's instructions name; legal: ${legal}`,
      );
    case "premium_or_short":
      return new Fault("permission_denied", "Permission denied: calls do not go to premium or short numbers");
    case "own_line":
      return new Fault("permission_denied", "Permission denied: this number is on this very call");
    default:
      return refusal satisfies never;
  }
}
