/** What the record of a call means for its auditor: receipts that came with it, and words that are new in it. */
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import type { Db } from "./database.ts";
import { markInjectionTaken, settleInjection } from "./injections.ts";
import type { Injection, JsonObject } from "./schema.ts";

/** Words that nobody has audited are in the record up to this one. */
export interface Unaudited {
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly callId: CallId;
  readonly epoch: number;
  readonly delta: number;
}

const OUTCOMES = ["spoken", "superseded", "expired", "refused"] as const;

/** @returns the receipts that were written now. */
export async function recordReceipts(
  tx: Db,
  events: readonly {
    readonly callId: CallId;
    readonly name: string;
    readonly at: number;
    readonly offsetMs: number;
    readonly data: JsonObject;
  }[],
): Promise<readonly Injection[]> {
  const settled: Injection[] = [];
  for (const { callId, name, at, offsetMs, data } of events) {
    const { injectionId, reason, heardMs, outcome: said } = data;
    if (typeof injectionId !== "string") continue;
    if (name === "injection.taken") await markInjectionTaken(tx, { callId, injectionId, at: new Date(at) });
    const outcome = name === "injection.done" ? OUTCOMES.find((one) => one === said) : undefined;
    if (outcome === undefined) continue;
    const injection = await settleInjection(tx, {
      callId,
      injectionId,
      outcome,
      reason: typeof reason === "string" ? reason : null,
      heardMs: typeof heardMs === "number" && heardMs >= 0 ? Math.round(heardMs) : null,
      at: new Date(at),
      offsetMs,
    });
    if (injection) settled.push(injection);
  }
  return settled;
}
