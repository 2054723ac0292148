/**
 * Each tool call runs once, and its row holds the outcome: whoever asks again gets that. What is done in our own database is written together
 * with its outcome, or neither is. Of what reaches the world the row is there before it begins; one that is still running after its deadline
 * belongs to a process that died: whether the tool did its work is not known, and it stays so. Who asks again writes that down; where nobody
 * does, the sweep.
 */
import type { CallId, ThreadId } from "@struere/kernel";
import { Fault } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { digestOf } from "./digest.ts";
import { cleanJson } from "./plain-text.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface ToolRunToBegin {
  readonly idempotencyKey: string;
  readonly threadId: ThreadId;
  readonly callId: CallId | null;
  readonly agentSlug: string;
  readonly name: string;
  /** As they came: the same key with other arguments is another call. */
  readonly argumentsJson: string;
  readonly now: Date;
  readonly deadlineAt: Date;
}

export type ToolRunState =
  /** It is the caller's to run, and nobody else's. */
  | { readonly state: "begun" }
  | { readonly state: "running"; readonly deadlineAt: Date }
  | { readonly state: "done"; readonly outcome: JsonObject }
  /** The key was used for another call. */
  | { readonly state: "differs" };

export async function beginToolRun(db: Db, scope: Scope, run: ToolRunToBegin): Promise<ToolRunState> {
  if (await insertRun(db, scope, run, null)) return { state: "begun" };
  return await standing(db, scope, run);
}

/** `undefined`: it was never begun. */
export async function getToolRun(
  db: Db,
  scope: Scope,
  run: Pick<ToolRunToBegin, "idempotencyKey" | "threadId" | "name" | "argumentsJson">,
): Promise<ToolRunState | undefined> {
  const row = await rowOf(db, scope, run.idempotencyKey);
  return row && (isOf(row, run) ? stateOf(row) : { state: "differs" });
}

/**
 * Writes down how it ended. The first outcome stays: a run that was given up meanwhile keeps `unknown_outcome`.
 * @returns the outcome that stands.
 */
export async function endToolRun(
  db: Db,
  scope: Scope,
  end: { readonly idempotencyKey: string; readonly outcome: JsonObject; readonly now: Date },
): Promise<{ readonly outcome: JsonObject; readonly written: boolean }> {
  const written = await db
    .updateTable("tool_runs")
    .set({ status: "done", outcome: cleanJson(end.outcome), finished_at: end.now })
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("idempotency_key", "=", end.idempotencyKey)
    .where("status", "=", "running")
    .returning("outcome")
    .executeTakeFirst();
  if (written?.outcome) return { outcome: written.outcome, written: true };
  const row = await rowOf(db, scope, end.idempotencyKey);
  if (!row?.outcome) throw new Fault("internal", `the tool run ${end.idempotencyKey} is neither running nor done`);
  return { outcome: row.outcome, written: false };
}

/** Stands for a run in our own database that was refused: nothing of it was begun. @returns the outcome that stands. */
export async function recordToolRun(db: Db, scope: Scope, run: ToolRunToBegin, outcome: JsonObject): Promise<ToolRunState> {
  if (await insertRun(db, scope, run, outcome)) return { state: "done", outcome };
  return await standing(db, scope, run);
}

/** So long after its deadline a run may still end by itself: its process was slow, and not dead. */
const SLOW_MS = 60_000;

export interface SweptToolRun extends Scope {
  readonly idempotencyKey: string;
  readonly threadId: ThreadId;
  readonly callId: CallId | null;
  readonly name: string;
}

/** Runs that nobody has ended and nobody has asked for: what came of them is `outcome` from now on. Across organizations: for the repair. */
export async function sweepToolRuns(
  db: Db,
  { now, outcome, limit = 100 }: { readonly now: Date; readonly outcome: JsonObject; readonly limit?: number },
): Promise<readonly SweptToolRun[]> {
  const { rows } = await sql<SweptToolRun>`
    with dead as (
      select organization_id, environment, idempotency_key from tool_runs
      where status = 'running' and deadline_at < ${new Date(now.getTime() - SLOW_MS)}
      order by deadline_at limit ${limit} for update skip locked
    )
    update tool_runs run set status = 'done', outcome = ${JSON.stringify(outcome)}::jsonb, finished_at = ${now}
    from dead
    where run.organization_id = dead.organization_id and run.environment = dead.environment and run.idempotency_key = dead.idempotency_key
    returning run.organization_id as "organizationId", run.environment, run.idempotency_key as "idempotencyKey",
      run.thread_id as "threadId", run.call_id as "callId", run.name`.execute(db);
  return rows;
}

class KnownBefore extends Error {}

/**
 * The work and its outcome in one transaction: both are there, or neither. Whoever asks twice at once does the work twice, and one of both
 * is undone; so it is when the run was known before.
 * @param options.work throws to undo everything; what it throws comes out.
 */
export async function runInToolTransaction(
  db: Db,
  scope: Scope,
  run: ToolRunToBegin,
  work: (tx: Db) => Promise<JsonObject>,
): Promise<ToolRunState & { readonly isOurs: boolean }> {
  try {
    return await inTransaction(db, async (tx) => {
      const outcome = await work(tx);
      if (!(await insertRun(tx, scope, run, outcome))) throw new KnownBefore();
      return { state: "done", outcome, isOurs: true };
    });
  } catch (thrown) {
    if (!(thrown instanceof KnownBefore)) throw thrown;
    return { ...(await standing(db, scope, run)), isOurs: false };
  }
}

/** @returns whether it was the first under its key. */
async function insertRun(db: Db, scope: Scope, run: ToolRunToBegin, outcome: JsonObject | null): Promise<boolean> {
  const inserted = await db
    .insertInto("tool_runs")
    .values({
      organization_id: scope.organizationId,
      environment: scope.environment,
      idempotency_key: run.idempotencyKey,
      thread_id: run.threadId,
      call_id: run.callId,
      agent_slug: run.agentSlug,
      name: run.name,
      arguments_digest: digestOfCall(run),
      status: outcome === null ? "running" : "done",
      outcome: outcome === null ? null : cleanJson(outcome),
      started_at: run.now,
      deadline_at: run.deadlineAt,
      finished_at: outcome === null ? null : run.now,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment", "idempotency_key"]).doNothing())
    .returning("status")
    .executeTakeFirst();
  return inserted !== undefined;
}

async function standing(db: Db, scope: Scope, run: ToolRunToBegin): Promise<ToolRunState> {
  const state = await getToolRun(db, scope, run);
  if (!state) throw new Fault("aborted", "the tool run could neither be begun nor found; the same request may be sent again");
  return state;
}

async function rowOf(db: Db, scope: Scope, idempotencyKey: string) {
  return await db
    .selectFrom("tool_runs")
    .select(["thread_id", "arguments_digest", "status", "outcome", "deadline_at"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("idempotency_key", "=", idempotencyKey)
    .executeTakeFirst();
}

function stateOf(row: RunRow): ToolRunState {
  return row.outcome === null ? { state: "running", deadlineAt: row.deadline_at } : { state: "done", outcome: row.outcome };
}

type RunRow = NonNullable<Awaited<ReturnType<typeof rowOf>>>;

function isOf(row: RunRow, run: Pick<ToolRunToBegin, "threadId" | "name" | "argumentsJson">): boolean {
  return row.arguments_digest === digestOfCall(run) && row.thread_id === run.threadId;
}

function digestOfCall(run: Pick<ToolRunToBegin, "name" | "argumentsJson">): string {
  return digestOf({ name: run.name, arguments: run.argumentsJson });
}
