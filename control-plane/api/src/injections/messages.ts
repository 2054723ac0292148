/** Injections and receipts as the bus carries them. */
import type { Bus } from "@struere/bus";
import { callSubject, type InjectMessage, type ReceiptMessage } from "@struere/protocol/bus";
import type { Injection } from "@struere/store";

/** To whichever node holds the call; a node that has it already knows it by its id. */
export function sendInjection(bus: Bus, injection: Injection): void {
  const { field, value, based_on: basedOn } = injection;
  const message: InjectMessage = {
    injectionId: injection.id,
    action: injection.action,
    message: injection.message,
    expiresAt: injection.expires_at.getTime(),
    epoch: injection.epoch,
    ...(field === null ? {} : { field }),
    ...(value === null ? {} : { value }),
    ...(basedOn === null ? {} : { basedOn }),
  };
  bus.broadcast(callSubject(addressOf(injection), "inject"), JSON.stringify(message));
}

/** To whoever injected, and listens now; for everybody else it is in the record. */
export function announceReceipt(bus: Bus, injection: Injection): void {
  if (injection.outcome === null) return;
  const receipt: ReceiptMessage = {
    injectionId: injection.id,
    epoch: injection.epoch,
    outcome: injection.outcome,
    ...(injection.reason === null ? {} : { reason: injection.reason }),
    ...(injection.heard_ms === null ? {} : { heardMs: injection.heard_ms }),
  };
  bus.broadcast(callSubject(addressOf(injection), "receipt"), JSON.stringify(receipt));
}

function addressOf({ organization_id: organizationId, environment, call_id: callId }: Injection) {
  return { organizationId, environment, callId };
}
