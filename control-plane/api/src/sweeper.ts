/**
 * Ends, every few seconds, what nobody will end any more: calls, threads that say something else than their call, runs of tools whose process
 * is gone, nodes that are gone. Safe in every replica: the store skips rows that somebody else has. What it did is logged, counted, and stands
 * in the audit log.
 */
import { type Call, sweepCalls, sweepNodes, sweepThreads, sweepToolRuns, writeAudit } from "@struere/store";
import type { ControlContext } from "./context.ts";
import type { Legs } from "./outbound/legs.ts";
import { unknownOutcome } from "./tools/run-tool.ts";

const SWEEP_EVERY_MS = 5_000;
const ACTOR = "sweep";

export interface Sweeper {
  /** Once, now. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

type Swept = Pick<ControlContext, "db" | "clock" | "events" | "log"> & { readonly legs: Pick<Legs, "drop"> };

export function startSweeper(options: Swept): Sweeper {
  const { clock, log } = options;
  let closed = false;
  let off = (): void => undefined;
  let running = Promise.resolve();

  const turn = async (): Promise<void> => {
    try {
      await sweep(options);
    } catch (error) {
      log.warn({ err: error }, "sweep failed; it is tried again");
    }
    if (!closed) arm();
  };
  const arm = (): void => {
    off = clock.arm(clock.now() + SWEEP_EVERY_MS, () => {
      running = turn();
    });
  };
  arm();
  return {
    sweep: () => sweep(options),
    async close() {
      closed = true;
      off();
      await running;
    },
  };
}

async function sweep({ db, clock, events, legs }: Swept): Promise<void> {
  const now = new Date(clock.wall());
  const calls = await sweepCalls(db, { now });
  if (calls.length > 0) events.callsSwept(calls);
  for (const call of calls) {
    // A phone may still ring for it, and nobody would be there.
    if (call.direction === "outbound" && call.epoch === 0 && call.twilio_call_sid !== null) legs.drop(call, call.twilio_call_sid);
    await audited(db, { ...scopeOf(call), at: now, action: "call.swept", subject: call.id, detail: { reason: call.reason } });
  }
  const threads = await sweepThreads(db, { now });
  if (threads.length > 0) events.swept({ kind: "threads", ids: threads.map((thread) => thread.id) });
  for (const { id, status, organizationId, environment } of threads)
    await audited(db, { organizationId, environment, at: now, action: "thread.swept", subject: id, detail: { status } });
  const runs = await sweepToolRuns(db, { now, outcome: { ...unknownOutcome() } });
  if (runs.length > 0) events.swept({ kind: "tool_runs", ids: runs.map((run) => run.idempotencyKey) });
  for (const { idempotencyKey, threadId, name, organizationId, environment } of runs)
    await audited(db, {
      organizationId,
      environment,
      at: now,
      action: "tool_run.swept",
      subject: idempotencyKey,
      detail: { threadId, name },
    });
  const nodes = await sweepNodes(db, now);
  if (nodes.length > 0) events.swept({ kind: "nodes", ids: nodes });
  for (const id of nodes)
    await audited(db, { organizationId: null, environment: null, at: now, action: "node.swept", subject: id, detail: {} });
}

const scopeOf = (call: Call) => ({ organizationId: call.organization_id, environment: call.environment });

async function audited(db: Swept["db"], entry: Omit<Parameters<typeof writeAudit>[1], "actor">): Promise<void> {
  await writeAudit(db, { ...entry, actor: ACTOR });
}
