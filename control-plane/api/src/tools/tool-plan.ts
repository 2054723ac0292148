/** A tool call that was found right, and has not begun. */
import type { Db, Scope } from "@struere/store";
import type { HttpToolServices } from "./http-tool.ts";
import type { ToolEffect, ToolOutcome, ToolServices } from "./tool-request.ts";

export interface Ran {
  /** For the model. */
  readonly output: unknown;
  readonly handoff?: NonNullable<ToolOutcome["handoff"]>;
  readonly effect?: ToolEffect;
  /** Of a transaction: to be done when it stands, and only then. It may be lost with the process. */
  readonly afterwards?: () => void;
}

export type ToolPlan =
  /** All its work is in our database: done and written down, or neither. */
  | { readonly kind: "transaction"; work(tx: Db): Promise<Ran> }
  /** It reaches the world, at most so long. */
  | { readonly kind: "outside"; readonly maxMs: number; work(signal: AbortSignal): Promise<Ran> };

/** Loopback is for development: a production environment never reaches the machine it runs on. */
export function guardedServices({ db, keyRing, clock, guard, resolve }: ToolServices, { environment }: Scope): HttpToolServices {
  const policy = { ...guard, allowLoopback: guard.allowLoopback && environment !== "production" };
  return { db, keyRing, clock, policy, ...(resolve ? { resolve } : {}) };
}
