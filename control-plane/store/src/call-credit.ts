/**
 * The credit of calls that are about to begin. Whether there is room is the domain's rule; here the books are locked, so that of a thousand
 * calls that begin at once each sees what those before it have left.
 */
import {
  type Allowance,
  type CallPrice,
  callRefusal,
  type CallRefusal,
  callReserve,
  type Counted,
  HOLD_EXPIRES_MS,
  isCapped,
  TURN_WAIT_MAX_MS,
} from "@struere/domain";
import { type ApiKeyId, type CallId, err, Fault, type Micros, micros, NO_MONEY, ok, type Result } from "@struere/kernel";
import { sql } from "kysely";
import { type AllowanceState, getAllowance, setNextTurn } from "./allowances.ts";
import type { Db } from "./database.ts";
import { balancesOf, type EntryToPost, lockBooks, postEntries } from "./ledger.ts";
import type { Scope } from "./scope.ts";

/** Whether anything limits the calls of this environment, or of this key: what is asked before the books are locked for a call. */
export async function isLimited(db: Db, { organizationId, environment }: Scope, keyId: ApiKeyId | null): Promise<boolean> {
  const { rows } = await sql<{ limited: boolean }>`
    select exists (
      select from ledgers where organization_id = ${organizationId} and environment = ${environment} and credit_limit_micros is not null
    ) or exists (
      select from allowances
      where organization_id = ${organizationId} and environment = ${environment} and subject in ('', ${keyId ?? ""})
        and coalesce(hour_cap_micros, day_cap_micros, month_cap_micros, max_concurrent, calls_per_number) is not null
    ) or exists (
      select from dialling_policies where organization_id = ${organizationId} and environment = ${environment} and max_concurrent is not null
    ) as limited`.execute(db);
  return rows[0]?.limited ?? false;
}

export interface CallToAdmit {
  readonly callId: CallId;
  readonly keyId: ApiKeyId | null;
  /** The number that is dialled; `null` for a call that comes in. */
  readonly dialled: string | null;
  readonly price: CallPrice;
  /** When it may begin, if it is dialled. */
  readonly dialAt: Date;
  readonly now: Date;
}

/**
 * Reserves the credit of a call that is about to begin, or says why not. In the transaction that writes the call down; the lock is held
 * until that ends. The call itself may stand there already, and is not counted.
 */
export async function admitToCredit(tx: Db, scope: Scope, call: CallToAdmit): Promise<Result<{ readonly dialAt: Date }, CallRefusal>> {
  const { callId, keyId, dialled, now } = call;
  const ledger = balancesOf(await lockBooks(tx, scope, now));
  const states = [await getAllowance(tx, scope, null), ...(keyId === null ? [] : [await getAllowance(tx, scope, keyId)])];
  const wanted = callReserve(call.price, 0).full;
  const allowances = await allowancesOf(tx, scope, states, ledger.balances.held);
  const refusal = callRefusal({
    ...ledger,
    available: ledger.balances.available,
    allowances,
    wanted,
    atATime: await countAtATime(tx, scope, { states, callId }),
    toNumber: dialled === null ? [] : await countToNumber(tx, scope, { states, dialled, callId, now }),
    now: now.getTime(),
  });
  if (refusal) return err(refusal);
  const turn = await takeTurn(tx, scope, states, call);
  if (!turn.ok) return turn;
  if (ledger.creditLimit === null && !allowances.some(isCapped)) return turn;
  const [posted] = await postEntries(tx, scope, [holdOf(call, `hold:${callId}`, wanted)], now);
  if (!posted?.ok)
    throw new Fault("internal", `credit was there and could not be reserved: ${posted?.problem.detail ?? "nothing answered"}`);
  return turn;
}

/** The key's own pace, behind the environment's. */
async function takeTurn(
  tx: Db,
  scope: Scope,
  states: readonly AllowanceState[],
  { keyId, dialled, dialAt, now }: CallToAdmit,
): Promise<Result<{ readonly dialAt: Date }, CallRefusal>> {
  const own = states.find((state) => state.keyId !== null && state.callsPerSecond !== null);
  if (keyId === null || dialled === null || !own?.callsPerSecond) return ok({ dialAt });
  const at = Math.max(dialAt.getTime(), own.nextTurnAt.getTime());
  const waitMs = at - now.getTime();
  if (waitMs > TURN_WAIT_MAX_MS) {
    return err({
      reason: "too_fast",
      limit: `callsPerSecond of key ${keyId}`,
      value: String(own.callsPerSecond),
      sentence: `this key places too many calls at once: ${own.callsPerSecond} per second may begin; try again in ${Math.ceil(waitMs / 1_000)} s, or raise the limit: struere billing caps --for ${keyId} --calls-per-second <number>`,
    });
  }
  await setNextTurn(tx, scope, keyId, new Date(at + 1_000 / own.callsPerSecond));
  return ok({ dialAt: new Date(at) });
}

export function holdOf({ callId, now }: { readonly callId: CallId; readonly now: Date }, key: string, amount: Micros): EntryToPost {
  return {
    entry: { kind: "hold", key, holdId: callId, amount, expiresAt: now.getTime() + HOLD_EXPIRES_MS },
    actor: "credit",
    callId,
  };
}

/** With what is reserved for the calls of each. */
export async function allowancesOf(tx: Db, scope: Scope, states: readonly AllowanceState[], held: Micros): Promise<readonly Allowance[]> {
  const allowances: Allowance[] = [];
  for (const { keyId, caps, spent } of states) {
    const reserved = keyId === null ? held : isCapped({ caps }) ? await heldOf(tx, scope, keyId) : NO_MONEY;
    allowances.push({ of: nameOf(scope, keyId), caps, spent, held: reserved });
  }
  return allowances;
}

async function heldOf(tx: Db, scope: Scope, keyId: ApiKeyId): Promise<Micros> {
  const { rows } = await sql<{ held: number | bigint }>`
    select coalesce(sum(hold.remaining_micros), 0)::bigint as held from credit_holds hold
    join calls call on call.id = hold.id
    where hold.organization_id = ${scope.organizationId} and hold.environment = ${scope.environment} and hold.state = 'open'
      and call.api_key_id = ${keyId}`.execute(tx);
  return micros(rows[0]?.held ?? 0);
}

/** Of the environment only what its owner has set: for calls that come in there is no limit otherwise. */
async function countAtATime(
  tx: Db,
  scope: Scope,
  { states, callId }: { readonly states: readonly AllowanceState[]; readonly callId: CallId },
): Promise<readonly Counted[]> {
  const counted: Counted[] = [];
  for (const { keyId, maxConcurrent } of states) {
    const most = keyId === null ? await environmentMost(tx, scope) : maxConcurrent;
    if (most === null) continue;
    let query = tx
      .selectFrom("calls")
      .select((of) => of.fn.countAll<number>().as("count"))
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("status", "in", ["pending", "active"])
      .where("id", "<>", callId);
    if (keyId !== null) query = query.where("api_key_id", "=", keyId);
    counted.push({ of: nameOf(scope, keyId), count: (await query.executeTakeFirstOrThrow()).count, most });
  }
  return counted;
}

async function environmentMost(tx: Db, scope: Scope): Promise<number | null> {
  const row = await tx
    .selectFrom("dialling_policies")
    .select("max_concurrent")
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  return row?.max_concurrent ?? null;
}

const DAY_MS = 86_400_000;

async function countToNumber(
  tx: Db,
  scope: Scope,
  question: { readonly states: readonly AllowanceState[]; readonly dialled: string; readonly callId: CallId; readonly now: Date },
): Promise<readonly Counted[]> {
  const { states, dialled, callId, now } = question;
  const counted: Counted[] = [];
  for (const { keyId, callsPerNumber } of states) {
    if (callsPerNumber === null) continue;
    let query = tx
      .selectFrom("calls")
      .select((of) => of.fn.countAll<number>().as("count"))
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("direction", "=", "outbound")
      .where("to_number", "=", dialled)
      .where("created_at", ">", new Date(now.getTime() - DAY_MS))
      .where("id", "<>", callId);
    if (keyId !== null) query = query.where("api_key_id", "=", keyId);
    counted.push({ of: nameOf(scope, keyId), count: (await query.executeTakeFirstOrThrow()).count, most: callsPerNumber });
  }
  return counted;
}

const nameOf = ({ environment }: Scope, keyId: ApiKeyId | null): string => (keyId === null ? environment : `key ${keyId}`);
