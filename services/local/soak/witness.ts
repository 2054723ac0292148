/** Who was between a tool call and its result when something broke: judged by what the simulated model had sent and got. */
import type { Clock } from "@struere/kernel";
import type { SimulatedOpenAI, SimulatedSession } from "@struere/simulators";
import { callerIn } from "./order-desk.ts";

export type BreakKind = "model socket" | "gRPC connections" | "control plane";

export interface Witness {
  /** The model is about to call its tools. */
  toolCalled(caller: string): void;
  /** Breaks the socket of the caller's session (1006); nothing when it is closed. */
  cutModel(openai: SimulatedOpenAI, caller: string): void;
  /** Something of everybody's is broken until the work is done. */
  during(kind: BreakKind, work: () => Promise<void>): Promise<void>;
  /** After these callers' calls, and before the simulator forgets their sessions. */
  look(openai: SimulatedOpenAI, callers: readonly string[]): void;
  readonly struck: number;
  /** The process that ran the caller's tools may have been killed before it had done them. */
  mayHaveDied(caller: string): boolean;
  struckBy(): Record<BreakKind, number>;
  breaks(): Record<BreakKind, number>;
}

interface Break {
  readonly kind: BreakKind;
  readonly from: number;
  readonly to: number;
}

export function createWitness(clock: Clock): Witness {
  const calledAt = new Map<string, number>();
  const cutAt = new Map<string, number>();
  const struck = new Map<string, Set<BreakKind>>();
  const breaks = { "model socket": 0, "gRPC connections": 0, "control plane": 0 };
  const bereaved = new Set<string>();
  let recent: Break[] = [];
  const strike = (caller: string, kind: BreakKind): void => void struck.set(caller, (struck.get(caller) ?? new Set()).add(kind));
  return {
    toolCalled: (caller) => void calledAt.set(caller, clock.now()),
    cutModel(openai, caller) {
      const session = sessionOf(openai, caller);
      if (!session || session.wire.closed) return;
      breaks["model socket"] += 1;
      cutAt.set(caller, clock.now());
      if (resultsAt(session).length < TOOLS) strike(caller, "model socket");
      session.wire.close(1006, "");
    },
    async during(kind, work) {
      const from = clock.now();
      breaks[kind] += 1;
      await work();
      recent.push({ kind, from, to: clock.now() });
    },
    look(openai, callers) {
      for (const caller of callers) {
        const session = sessionOf(openai, caller);
        const from = calledAt.get(caller);
        if (!session || from === undefined) continue;
        // Without a result and a cut of its own, the model waited until the call was over: nobody knows how long.
        const to = resultsAt(session)[TOOLS - 1] ?? cutAt.get(caller) ?? from;
        for (const one of recent) {
          if (one.to < from) continue;
          if (one.from <= to) strike(caller, one.kind);
          if (one.kind === "control plane") bereaved.add(caller);
        }
      }
      recent = [];
    },
    get struck() {
      return struck.size;
    },
    mayHaveDied: (caller) => bereaved.has(caller),
    struckBy() {
      const by = { "model socket": 0, "gRPC connections": 0, "control plane": 0 };
      for (const kinds of struck.values()) for (const kind of kinds) by[kind] += 1;
      return by;
    },
    breaks: () => ({ ...breaks }),
  };
}

/** That the model calls at once. */
const TOOLS = 2;

/** When the model got the results of its first calls. */
function resultsAt(session: SimulatedSession): readonly number[] {
  return session.received.flatMap(({ atMs, event }) => {
    const item: unknown = event["item"];
    return Reflect.get(Object(item), "type") === "function_call_output" ? [atMs] : [];
  });
}

/** The agent's instructions hold the caller's number. */
function sessionOf(openai: SimulatedOpenAI, caller: string): SimulatedSession | undefined {
  return openai.sessions.findLast((session) => callerIn(session.config().instructions) === caller);
}
