/**
 * Injections from their beginning to their receipt. The row is there before anything is sent; its id makes a second one harmless; and the
 * receipt is written once, by whoever knows first: the node, through the record, or we, when no node can answer any more.
 */
import {
  INJECTION_TTL_MS,
  INJECTIONS_PER_CALL,
  INJECTIONS_PER_MINUTE,
  type InjectionWords,
  isWithheld,
  RECEIPT_GIVEN_UP_MS,
  WITHHELD,
} from "@struere/domain";
import { type CallId, err, ok, type Result } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { cleanText } from "./plain-text.ts";
import type { Injection } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface InjectionToOpen extends InjectionWords {
  readonly injectionId: string;
  readonly callId: CallId;
  readonly source: Injection["source"];
  /** Slug of the agent, or id of the key. */
  readonly author: string;
  /** Of an auditor. */
  readonly auditId: string | null;
  /** Place in the conversation of the last utterance that its author had read; `null`: of nobody who reads along. */
  readonly basedOn: number | null;
  readonly now: Date;
}

export type InjectProblem = "call_not_found" | "call_not_active" | "too_many_for_a_minute" | "too_many_for_a_call";

/**
 * Nothing is sent here. `created` false: this id was there before, and stands as it was. A correction of an auditor in a call of the control
 * group is recorded with its receipt, and never sent.
 */
export async function openInjection(
  db: Db,
  scope: Scope,
  open: InjectionToOpen,
): Promise<Result<{ readonly injection: Injection; readonly created: boolean }, InjectProblem>> {
  const { callId } = open;
  return await inTransaction(db, async (tx) => {
    // Its end waits for us, or we for its end: no injection is opened in a call that is over.
    const call = await tx
      .selectFrom("calls")
      .select(["status", "epoch", "auditor_group"])
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("id", "=", callId)
      .forUpdate()
      .executeTakeFirst();
    if (!call) return err("call_not_found");
    const known = () => tx.selectFrom("injections").selectAll().where("id", "=", open.injectionId).executeTakeFirst();
    if (call.status !== "active") {
      const before = await known();
      return before?.call_id === callId ? ok({ injection: before, created: false }) : err("call_not_active");
    }
    const injection = await insertWithinLimits(tx, scope, { ...open, epoch: call.epoch, withheld: isWithheld(call.auditor_group, open) });
    if (injection) return ok({ injection, created: true });
    const before = await known();
    if (before) return before.call_id === callId ? ok({ injection: before, created: false }) : err("call_not_found");
    return err((await injectedSoFar(tx, open)).recent >= INJECTIONS_PER_MINUTE ? "too_many_for_a_minute" : "too_many_for_a_call");
  });
}

/** The call's row is locked. `undefined`: this id was there before, or there are as many as there may be. */
async function insertWithinLimits(
  tx: Db,
  scope: Scope,
  open: InjectionToOpen & { readonly epoch: number; readonly withheld: boolean },
): Promise<Injection | undefined> {
  const { now, withheld } = open;
  const { rows } = await sql<Injection>`
    insert into injections (id, organization_id, environment, call_id, epoch, audit_id, source, author, action, message, field, value,
      based_on, created_at, expires_at, outcome, reason, receipt_at)
    select ${open.injectionId}, ${scope.organizationId}, ${scope.environment}, ${open.callId}, ${open.epoch}, ${open.auditId},
      ${open.source}, ${cleanText(open.author)}, ${open.action}, ${cleanText(open.message)}, ${open.field}, ${open.value},
      ${open.basedOn}::int, ${now}, ${new Date(now.getTime() + INJECTION_TTL_MS[open.action])}, ${withheld ? "refused" : null},
      ${withheld ? WITHHELD : null}, ${withheld ? now : null}::timestamptz
    from (${soFar(tx, open)}) as before
    where before.recent < ${INJECTIONS_PER_MINUTE} and before.all < ${INJECTIONS_PER_CALL}
    on conflict (id) do nothing
    returning *`.execute(tx);
  return rows[0];
}

async function injectedSoFar(tx: Db, open: InjectionToOpen): Promise<{ readonly all: number; readonly recent: number }> {
  return await soFar(tx, open).executeTakeFirstOrThrow();
}

/** An auditor that is carried away leaves people their own say. */
function soFar(tx: Db, { callId, source, now }: InjectionToOpen) {
  const minuteAgo = new Date(now.getTime() - 60_000);
  return tx
    .selectFrom("injections")
    .select((of) => [of.fn.countAll<number>().as("all"), of.fn.countAll<number>().filterWhere("created_at", ">", minuteAgo).as("recent")])
    .where("call_id", "=", callId)
    .where("source", source === "auditor" ? "=" : "!=", "auditor");
}

export async function getInjection(
  db: Db,
  scope: Scope,
  named: { readonly callId: CallId; readonly injectionId: string },
): Promise<Injection | undefined> {
  return await db
    .selectFrom("injections")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("call_id", "=", named.callId)
    .where("id", "=", named.injectionId)
    .executeTakeFirst();
}

/** In the order in which they were made. */
export async function listInjections(db: Db, scope: Scope, callId: CallId): Promise<readonly Injection[]> {
  return await db
    .selectFrom("injections")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("call_id", "=", callId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
}

/** On their way, and not taken by a node: to be sent again. */
export async function listUntakenInjections(
  db: Db,
  options: { readonly now: Date; readonly limit: number },
): Promise<readonly Injection[]> {
  return await db
    .selectFrom("injections")
    .selectAll()
    .where("outcome", "is", null)
    .where("taken_at", "is", null)
    .where("expires_at", ">", options.now)
    .orderBy("expires_at")
    .limit(options.limit)
    .execute();
}

/** The node says that it has it, and will give the receipt. */
export async function markInjectionTaken(
  db: Db,
  taken: { readonly callId: CallId; readonly injectionId: string; readonly at: Date },
): Promise<void> {
  await db
    .updateTable("injections")
    .set({ taken_at: taken.at })
    .where("id", "=", taken.injectionId)
    .where("call_id", "=", taken.callId)
    .where("taken_at", "is", null)
    .execute();
}

export interface ReceiptToRecord {
  readonly callId: CallId;
  readonly injectionId: string;
  readonly outcome: NonNullable<Injection["outcome"]>;
  readonly reason: string | null;
  readonly heardMs: number | null;
  readonly at: Date;
  readonly offsetMs: number;
}

/** The first receipt stands. `undefined`: there was one, or there is no such injection in this call. */
export async function settleInjection(db: Db, receipt: ReceiptToRecord): Promise<Injection | undefined> {
  return await db
    .updateTable("injections")
    .set({
      outcome: receipt.outcome,
      reason: receipt.reason,
      heard_ms: receipt.heardMs,
      receipt_at: receipt.at,
      receipt_offset_ms: Math.round(receipt.offsetMs),
    })
    .where("id", "=", receipt.injectionId)
    .where("call_id", "=", receipt.callId)
    .where("outcome", "is", null)
    .returningAll()
    .executeTakeFirst();
}

/**
 * Gives receipts where no node will: the call's record is complete and has none; the call went to another node; the call has said something
 * since the time ran out and had never taken it; or nobody has said anything for very long. Safe in every process at once.
 */
export async function settleForsaken(db: Db, options: { readonly now: Date; readonly limit?: number }): Promise<readonly Injection[]> {
  const { now, limit = 200 } = options;
  const givenUp = new Date(now.getTime() - RECEIPT_GIVEN_UP_MS);
  const { rows } = await sql<Injection>`
    update injections set
      outcome = case when forsaken.over or forsaken.moved then 'refused' else 'expired' end,
      reason = case when forsaken.over then 'call_over' when forsaken.moved then 'call_moved' else 'not_delivered' end,
      receipt_at = ${now}
    from (
      select injection.id,
        call.status not in ('pending', 'active') as over,
        call.epoch > injection.epoch as moved
      from injections injection
      join calls call on call.id = injection.call_id
      left join call_watermarks mark on mark.call_id = call.id and mark.epoch = injection.epoch
      where injection.outcome is null and (
        (call.status not in ('pending', 'active') and (
          (call.epoch = injection.epoch and coalesce(mark.seq, 0) >= call.last_seq)
          or injection.expires_at < ${givenUp}
        ))
        or (call.epoch > injection.epoch and injection.expires_at < ${now})
        or (injection.taken_at is null and injection.expires_at < ${now} and exists (
          select 1 from call_events event
          where event.call_id = injection.call_id and event.epoch = injection.epoch and event.seq <= mark.seq
            and event.at > injection.expires_at + interval '5 seconds'
        ))
        or injection.expires_at < ${givenUp}
      )
      order by injection.expires_at
      limit ${limit}
      for update of injection skip locked
    ) as forsaken
    where injections.id = forsaken.id and injections.outcome is null
    returning injections.*`.execute(db);
  return rows;
}
