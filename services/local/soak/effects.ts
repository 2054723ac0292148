/**
 * What the tools of an order desk's calls did, next to what was said about it. The promise, for each tool call:
 *
 * - Its effect is there at most once, and so is the request for it: we never send one twice by ourselves.
 * - Told "done", it is there. Told nothing of the kind, the model was told that nobody knows.
 * - It is there, unless the process that ran it was killed while it ran, or the call ended before the control plane had heard of it.
 */
import type { Db } from "@struere/store";
import { DELIVERY, PLACE_ORDER } from "./order-desk.ts";
import type { OrderRequest } from "./order-server.ts";

export interface CallEffects {
  readonly caller: string;
  readonly status: string;
  readonly reason: string | null;
  readonly order: Effect;
  readonly delivery: Effect;
}

export interface Effect {
  /** The media node has taken the model's call; so often. */
  readonly called: number;
  /** How often it was done, and asked for; for what is done in our own database both are the same. */
  readonly done: number;
  readonly requests: number;
  /** What was written down as its outcome. `none`: it never began. */
  readonly told: "done" | "unknown" | "failed" | "running" | "none";
}

export async function effectsOf(db: Db, requests: readonly OrderRequest[]): Promise<readonly CallEffects[]> {
  const calls = await db.selectFrom("calls").select(["id", "from_number", "status", "reason"]).execute();
  const runs = await db.selectFrom("tool_runs").select(["call_id", "name", "status", "outcome"]).execute();
  const called = await db.selectFrom("call_events").select(["call_id", "body"]).where("name", "=", "tool.called").execute();
  const entities = await db.selectFrom("entities").select("data").where("type", "=", DELIVERY).execute();
  const runsOf = Map.groupBy(runs, ({ call_id, name }) => `${call_id} ${name}`);
  const calledOf = Map.groupBy(called, ({ call_id, body }) => `${call_id} ${String(Reflect.get(Object(body["data"]), "name"))}`);
  const requestsOf = Map.groupBy(requests, ({ order }) => order);
  const entitiesOf = Map.groupBy(entities, ({ data }) => data["caller"]);
  return calls.map(({ id, from_number: caller, status, reason }) => {
    const asked = requestsOf.get(caller) ?? [];
    const deliveries = (entitiesOf.get(caller) ?? []).length;
    const of = (name: string) => ({
      called: (calledOf.get(`${id} ${name}`) ?? []).length,
      told: toldBy(runsOf.get(`${id} ${name}`) ?? []),
    });
    return {
      caller,
      status,
      reason,
      order: { ...of(PLACE_ORDER), done: new Set(asked.map(({ key }) => key)).size, requests: asked.length },
      delivery: { ...of("entity.create"), done: deliveries, requests: deliveries },
    };
  });
}

type Run = { readonly status: string; readonly outcome: { readonly [field: string]: unknown } | null };

function toldBy(runs: readonly Run[]): Effect["told"] {
  const [run] = runs;
  if (run === undefined) return "none";
  if (run.outcome === null) return "running";
  if (run.outcome["isError"] !== true) return "done";
  return String(run.outcome["outputJson"]).includes('"unknown_outcome"') ? "unknown" : "failed";
}

/** @param isExcused whether the process that ran the call's tools may have been killed meanwhile. @returns broken promises as sentences. */
export function brokenPromises(calls: readonly CallEffects[], isExcused: (caller: string) => boolean): readonly string[] {
  return calls.flatMap((call) =>
    (["order", "delivery"] as const).flatMap((name) => {
      const { called, done, requests, told } = call[name];
      const broken = (what: string) => [`the ${name} of ${call.caller} (${call.status}, ${call.reason}): ${what}`];
      if (done > 1 || requests > 1) return broken(`done ${done} times, asked for ${requests} times`);
      if (told === "done" && done === 0) return broken("said to be done, and is not there");
      if (told === "failed") return broken("said to have failed");
      if (told !== "none" && done === 0 && !isExcused(call.caller)) return broken(`begun, told ${told}, and is not there`);
      if (told === "none" && called > 0 && call.status === "completed") return broken("called, and never begun, in a call that went on");
      if (done > 0 && called === 0) return broken("done, and the record does not say that it was called");
      return [];
    }),
  );
}
